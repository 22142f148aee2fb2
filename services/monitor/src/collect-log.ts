import { Readable } from 'node:stream'
import type { Attempt } from '@lautta/core/job/job'
import { type LogFile, logsOf, type SourceLogs } from '@lautta/core/job/job-logs'
import { logIndexPath, logPath, logPiecePath, type Run } from '@lautta/core/object-names'
import { type TaskBytes, writeLogIndex } from '@lautta/object-store/log-index'
import { type LogPiece, listPiecesByStream } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import { measureFiles, readFileParts } from '@lautta/platforms/file-parts'
import type { RemoteShell } from '@lautta/platforms/remote-shell'

const pieceBytes = 4 * 1024 * 1024

/** What kind of bytes a log is. */
export const textType = 'text/plain; charset=utf-8'

/**
 * Brings what the logs of an attempt have grown by since the last time: one command looks at all of them, and only new
 * bytes cross the network.
 */
export async function collectNewBytes(
  store: ObjectStore,
  bucket: string,
  shell: RemoteShell,
  run: Run,
  attempt: Attempt
): Promise<number> {
  const files = logsOf(attempt).flatMap((logs) => (logs.kept === 'live' ? logs.files : []))
  if (files.length === 0) return 0
  const sizes = await measureFiles(shell, pathsOf(files))
  if (sizes.size === 0) return 0
  const pieces = await listPiecesByStream(store, bucket, run)
  const growths = files.flatMap((file) => {
    const growth = growthOf(file, pieces.get(file.stream) ?? [], attempt.restart, sizes.get(file.file) ?? 0)
    return growth.usedBytes > 0 ? [{ ...growth, path: file.file, stream: file.stream }] : []
  })
  let brought = 0
  for await (const { part, from, bytes } of readFileParts(shell, growths, pieceBytes)) {
    const growth = growths[part]
    if (growth === undefined) throw new Error(`there is no part ${part}`)
    const path = logPiecePath(run, growth.stream, growth.restart, growth.offset + from)
    await store.put(bucket, path, bytes, { contentType: textType, metadata: { version: '1' } })
    brought += bytes.length
  }
  return brought
}

/**
 * What is new in a file. When a job was requeued SLURM begins its file anew. Of a job we know that; of one task in an
 * array the file tells: it is shorter than what was brought of it.
 */
function growthOf({ task }: LogFile, pieces: readonly LogPiece[], restartOfJob: number, sizeBytes: number) {
  const restart = task === null ? restartOfJob : (pieces.at(-1)?.restart ?? 0)
  const brought = pieces.filter((piece) => piece.restart === restart)
  const offset = Math.max(0, ...brought.map((piece) => piece.offset + piece.usedBytes))
  if (task !== null && sizeBytes < offset) return { restart: restart + 1, offset: 0, usedBytes: sizeBytes }
  return { restart, offset, usedBytes: sizeBytes - offset }
}

/**
 * Brings those logs of an attempt that has ended which are kept together: one object holds all tasks of a source, and an
 * index tells each one's bytes. The index comes last; when it is there, so is the log.
 */
export async function collectTogether(
  store: ObjectStore,
  bucket: string,
  shell: RemoteShell,
  run: Run,
  attempt: Attempt
): Promise<void> {
  for (const logs of logsOf(attempt).filter(({ kept }) => kept === 'together')) {
    if ((await store.head(bucket, logIndexPath(run, logs.source))) === null) await bringTogether(store, bucket, shell, run, logs)
  }
}

async function bringTogether(
  store: ObjectStore,
  bucket: string,
  shell: RemoteShell,
  run: Run,
  { source, files }: SourceLogs
): Promise<void> {
  const sizes = await measureFiles(shell, pathsOf(files))
  const tasks: TaskBytes[] = []
  const parts = []
  let wholeBytes = 0
  for (const { file, task } of files) {
    const usedBytes = sizes.get(file) ?? 0
    if (usedBytes === 0 || task === null) continue
    tasks.push({ task, offset: wholeBytes, usedBytes })
    parts.push({ path: file, offset: 0, usedBytes })
    wholeBytes += usedBytes
  }
  if (wholeBytes === 0) return
  const content = Readable.from(onlyBytes(readFileParts(shell, parts, pieceBytes)))
  await putVersioned(store, bucket, logPath(run, source), content, { contentType: textType, usedBytes: wholeBytes })
  await writeLogIndex(store, bucket, run, source, tasks)
}

async function* onlyBytes(read: AsyncIterable<{ bytes: Buffer }>): AsyncGenerator<Buffer> {
  for await (const { bytes } of read) yield bytes
}

function pathsOf(files: readonly LogFile[]): string[] {
  return files.map(({ file }) => file)
}
