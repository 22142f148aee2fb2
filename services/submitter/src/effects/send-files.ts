import type { Readable } from 'node:stream'
import { messageOf, RefusedError } from '@lautta/core/errors'
import { trimObjectPath } from '@lautta/core/object-path'
import type { Send } from '@lautta/core/orchestration/dictionary'
import { type Direction, readPlace } from '@lautta/core/orchestration/direction'
import { writeFile } from '@lautta/platforms/files'
import { readBytes } from '@lautta/platforms/read-bytes'
import { isPrivateKey, readSecret } from '../secrets.ts'
import type { JobWork } from './job-work.ts'

const mostKeyBytes = 64 * 1024

/** Sends the files of an order to the platform, one after the other; a complaint names its entry. */
export async function sendFiles(work: JobWork): Promise<void> {
  for (const [index, entry] of work.part.files.send.entries()) {
    try {
      await sendFile(work, entry)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      throw new RefusedError(`files.send[${index}]: ${messageOf(error)}`, {
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint })
      })
    }
  }
}

async function sendFile(work: JobWork, { transfer: { source, target }, overwrite }: Send): Promise<void> {
  const { content, isSecret } = await openSource(work, source)
  const isKey = Buffer.isBuffer(content) && isPrivateKey(content)
  if (isKey) {
    if (work.known.refusesPrivateKeys) {
      throw new RefusedError(`a private key may not lie on ${work.known.name}`, {
        hint: "connections are made from Lautta's side, so the platform needs no key"
      })
    }
    await work.notice(`a private key was sent to ${target.path}`)
  }
  const options = {
    isSecret: isSecret || isKey || target.path.endsWith('.pem'),
    overwrite,
    writer: `${work.order.id}-${work.known.name}`
  }
  if ((await writeFile(work.platform.shell, target.path, content, options)) === 'kept') {
    await work.notice(`${target.path} was there and is kept: overwrite is false`)
  }
}

async function openSource(
  work: JobWork,
  { place, path, value }: Direction
): Promise<{ content: Buffer | Readable; isSecret: boolean }> {
  const from = readPlace(place)
  switch (from?.kind) {
    case 'inline':
      return { content: Buffer.from(value), isSecret: false }
    case 'secrets':
      return { content: await readSecret(work.secretsFolder, path, value), isSecret: true }
    case 'store': {
      const found = await work.store.get(work.management.bucketOf(work.user, from.target), trimObjectPath(path))
      if (found === null)
        throw new RefusedError(`${place} has no object ${trimObjectPath(path)}`, {
          hint: 'put it there first: PUT /v1/objects/…'
        })
      // A private key is small: what may be one is looked at whole.
      const isSmall = found.info.usedBytes <= mostKeyBytes
      return { content: isSmall ? await readBytes(found.content) : found.content, isSecret: false }
    }
    default:
      throw new RefusedError(`${place} can not be a source`)
  }
}
