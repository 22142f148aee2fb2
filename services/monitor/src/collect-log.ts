import type { Attempt } from '@lautta/core/job/job'
import { type LogSource, logPath, logPiecePath, logTablePath, type Run } from '@lautta/core/object-names'
import { joinLogPieces, listLogPieces } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import { readPiece } from '@lautta/platforms/files'
import { readBytes } from '@lautta/platforms/read-bytes'
import type { RemoteShell } from '@lautta/platforms/remote-shell'
import { writeLogTable } from '@lautta/tables/log-table'

const pieceBytes = 4 * 1024 * 1024
const mostTableBytes = 16 * 1024 * 1024
const textType = 'text/plain; charset=utf-8'

/** The streams of an attempt that have files of their own. */
function logFilesOf({ outPath, errPath }: Attempt): { source: LogSource; file: string }[] {
  return [
    ...(outPath === null ? [] : [{ source: 'out' as const, file: outPath }]),
    // SLURM writes both streams to one file unless it is told otherwise.
    ...(errPath === null || errPath === outPath ? [] : [{ source: 'err' as const, file: errPath }])
  ]
}

/** Brings what a log has grown by since the last time: only new bytes cross the network. */
export async function collectNewBytes(
  store: ObjectStore,
  bucket: string,
  shell: RemoteShell,
  run: Run,
  attempt: Attempt
): Promise<number> {
  let brought = 0
  for (const { source, file } of logFilesOf(attempt)) {
    const pieces = (await listLogPieces(store, bucket, run, source)).filter(({ restart }) => restart === attempt.restart)
    let offset = Math.max(0, ...pieces.map((piece) => piece.offset + piece.usedBytes))
    for (;;) {
      const bytes = await readPiece(shell, file, offset, pieceBytes)
      if (bytes.length === 0) break
      await store.put(bucket, logPiecePath(run, source, attempt.restart, offset), bytes, {
        contentType: textType,
        metadata: { version: '1' }
      })
      offset += bytes.length
      brought += bytes.length
    }
  }
  return brought
}

/** Joins the pieces into the raw logs, and makes the log table of them. */
export async function finishLog(store: ObjectStore, bucket: string, run: Run, attempt: Attempt): Promise<void> {
  const streams: { source: LogSource; content: Buffer }[] = []
  for (const { source } of logFilesOf(attempt)) {
    const pieces = await listLogPieces(store, bucket, run, source)
    await putVersioned(store, bucket, logPath(run, source), joinLogPieces(store, bucket, pieces), { contentType: textType })
    streams.push({ source, content: await readForTable(store, bucket, logPath(run, source)) })
  }
  await putVersioned(store, bucket, logTablePath(run), writeLogTable(streams))
}

/** The table is made in memory: of a very long log it has the beginning, and a line that says so. */
async function readForTable(store: ObjectStore, bucket: string, path: string): Promise<Buffer> {
  const found = await store.get(bucket, path, { first: 0, last: mostTableBytes - 1 })
  if (found === null) return Buffer.alloc(0)
  const content = await readBytes(found.content, mostTableBytes)
  if (found.info.usedBytes <= mostTableBytes) return content
  return Buffer.concat([
    content,
    Buffer.from(`\n[Lautta: the log goes on; all of its ${found.info.usedBytes} bytes are in ${path}]\n`)
  ])
}

/** The pieces are not needed any more once the whole is stored. */
export async function removePieces(store: ObjectStore, bucket: string, run: Run, attempt: Attempt): Promise<void> {
  for (const { source } of logFilesOf(attempt)) {
    for (const { path } of await listLogPieces(store, bucket, run, source)) await store.delete(bucket, path)
  }
}
