import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { RefusedError, UnavailableError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { findExisting } from '@lautta/platforms/files/find-existing'
import { removeOldParts } from '@lautta/platforms/files/parts'
import { withPatience } from '@lautta/platforms/files/patience'
import { type LargeSource, writeFile } from '@lautta/platforms/files/write-file'
import { writeFiles } from '@lautta/platforms/files/write-files'
import { readBytes } from '@lautta/platforms/read-bytes'
import { runCommand } from '@lautta/platforms/run-command'
import { isPrivateKey } from '../secrets.ts'
import { type FileToSend, listFilesToSend, namingEntry, targetOf } from './files-to-send.ts'
import type { JobWork } from './job-work.ts'
import { gatherBatches, splitBySize, transferAll } from './transfer-batches.ts'

// A private key is small: what may be one is looked at.
const mostKeyBytes = 64 * 1024
const objectsAtOnce = 8

/** Sends the files of an order to the platform; a complaint names its entry. What is noted as sent is not sent again. */
export async function sendFiles(work: JobWork, sent: Set<string>): Promise<void> {
  const { shell } = work.platform
  const files = (await listFilesToSend(work)).filter((file) => !sent.has(targetOf(file)))
  if (files.length === 0) return
  const keeping = files.filter(({ overwrite }) => !overwrite).map(targetOf)
  const there = await runCommand(shell, findExisting(keeping))
  const isKept = (file: FileToSend) => !file.overwrite && there.has(targetOf(file))
  await tellKept(work, files.filter(isKept))
  const wanted = files.filter((file) => !isKept(file))
  await removeOldParts(shell, [...new Set(wanted.map(({ folder }) => folder))], writerOf(work))
  const { small, large } = splitBySize(wanted)
  await transferAll(
    gatherBatches(small, ({ folder }) => folder),
    (batch) => sendBatch(work, batch, sent)
  )
  await transferAll(large, (file) => namingEntry(file.index, () => sendLarge(work, file, sent)))
}

async function sendBatch(work: JobWork, batch: readonly FileToSend[], sent: Set<string>): Promise<void> {
  const [first] = batch
  if (first === undefined) return
  const indexes = [...new Set(batch.map(({ index }) => index))]
  const files = await mapLimited(batch, objectsAtOnce, async (file) => {
    const content = await readSource(work, file)
    const isSecret = file.isSecret || (await namingEntry(file.index, () => admitKey(work, file, content)))
    return { path: file.name, content, isSecret }
  })
  const options = { writer: writerOf(work), mayPublish: () => void work.order.fence() }
  try {
    await namingEntry(first.index, () => withPatience(() => writeFiles(work.platform.shell, first.folder, files, options)))
  } catch (error) {
    if (!(error instanceof RefusedError) || indexes.length === 1) throw error
    // Which of its entries was it?
    for (const index of indexes)
      await sendBatch(
        work,
        batch.filter((file) => file.index === index),
        sent
      )
  }
  for (const file of batch) sent.add(targetOf(file))
}

async function sendLarge(work: JobWork, file: FileToSend, sent: Set<string>): Promise<void> {
  const { isSecret } = file
  const options = { isSecret, writer: writerOf(work), mayPublish: () => void work.order.fence() }
  await writeFile(work.platform.shell, targetOf(file), largeSourceOf(work, file), options)
  sent.add(targetOf(file))
}

/** Of two orders, and of the parts of one order on two platforms with one file system, each has its own. */
export function writerOf({ order, known }: Pick<JobWork, 'order' | 'known'>): string {
  // Neither has an @ in it.
  return `${order.id}@${known.name}`
}

async function tellKept({ notice }: JobWork, kept: readonly FileToSend[]): Promise<void> {
  for (const index of new Set(kept.map((file) => file.index))) {
    const [first, ...others] = kept.filter((file) => file.index === index)
    if (first === undefined) continue
    const words =
      others.length === 0
        ? `${targetOf(first)} was there and is kept`
        : `${others.length + 1} files in ${first.folder} were there and are kept`
    await notice(`${words}: overwrite is false`)
  }
}

/** Whether the content is a private key; refused where none may lie, and told elsewhere. */
async function admitKey({ known, notice }: JobWork, file: FileToSend, content: Buffer): Promise<boolean> {
  if (content.length > mostKeyBytes || !isPrivateKey(content)) return false
  if (known.refusesPrivateKeys) {
    throw new RefusedError(`a private key may not lie on ${known.name}`, {
      hint: "connections are made from Lautta's side, so the platform needs no key"
    })
  }
  await notice(`a private key was sent to ${targetOf(file)}`)
  return true
}

async function readSource(work: JobWork, { source }: FileToSend): Promise<Buffer> {
  return source.kind === 'bytes' ? source.content : readBytes(await openObject(work, source, 0))
}

/** Another one when the content is another one. */
export function identityOf(source: FileToSend['source']): string {
  return source.kind === 'object' ? source.etag : createHash('sha1').update(source.content).digest('hex')
}

function largeSourceOf(work: JobWork, { source, usedBytes }: FileToSend): LargeSource {
  if (source.kind === 'object')
    return { usedBytes, identity: identityOf(source), open: (first) => openObject(work, source, first) }
  const { content } = source
  return {
    usedBytes,
    identity: identityOf(source),
    open: async (first) => Readable.from(content.subarray(first), { objectMode: false })
  }
}

/** An object's content from a byte on, as it was when it was listed. */
async function openObject(
  { store }: JobWork,
  { bucket, path, etag }: { bucket: string; path: string; etag: string },
  first: number
) {
  const found = await store.get(bucket, path, first === 0 ? undefined : { first })
  if (found === null) throw new RefusedError(`the object ${path} was removed before it was sent`)
  if (found.info.etag === etag) return found.content
  found.content.destroy()
  throw new UnavailableError(`the object ${path} was replaced before it was sent`)
}
