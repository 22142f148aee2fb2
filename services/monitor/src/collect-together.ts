import { Readable } from 'node:stream'
import type { Attempt } from '@lautta/core/job/job'
import { type LogFile, logsOf, type SourceLogs } from '@lautta/core/job/job-logs'
import { logPath, type Run } from '@lautta/core/object-names'
import { readLogIndex, type TaskBytes, writeLogIndex } from '@lautta/object-store/log-index'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import type { FileState } from '@lautta/platforms/files/file-parts'
import type { LogReader } from '@lautta/platforms/log-reader'
import { pieceBytes, textType } from './bring-pieces.ts'
import { pathsOf, unreadableOf } from './collect-log.ts'

/**
 * Brings those logs of an attempt that has ended which are kept together: one object holds all tasks of a source, and an
 * index tells each one's bytes. The index comes last; when it is there, so is the log. Returns the files that are there and
 * can not be read: they are left out.
 */
export async function collectTogether(
  store: ObjectStore,
  bucket: string,
  reader: LogReader,
  run: Run,
  attempt: Attempt
): Promise<LogFile[]> {
  const unreadable: LogFile[] = []
  for (const logs of logsOf(attempt).filter(({ kept }) => kept === 'together')) {
    const states = await reader.look(pathsOf(logs.files))
    const index = await readLogIndex(store, bucket, run, logs.source)
    if (index === null) await bringTogether(store, bucket, reader, run, logs, states)
    const brought = new Set(index?.map(({ task }) => task))
    unreadable.push(...unreadableOf(logs.files, states).filter(({ task }) => task === null || !brought.has(task)))
  }
  return unreadable
}

async function bringTogether(
  store: ObjectStore,
  bucket: string,
  reader: LogReader,
  run: Run,
  { source, files }: SourceLogs,
  states: ReadonlyMap<string, FileState | null>
): Promise<void> {
  const tasks: TaskBytes[] = []
  const parts = []
  let wholeBytes = 0
  for (const { file, task } of files) {
    const usedBytes = states.get(file)?.usedBytes ?? 0
    if (usedBytes === 0 || task === null) continue
    tasks.push({ task, offset: wholeBytes, usedBytes })
    parts.push({ path: file, offset: 0, usedBytes })
    wholeBytes += usedBytes
  }
  if (wholeBytes === 0) return
  const content = Readable.from(onlyBytes(reader.read(parts, pieceBytes)))
  await putVersioned(store, bucket, logPath(run, source), content, { contentType: textType, usedBytes: wholeBytes })
  await writeLogIndex(store, bucket, run, source, tasks)
}

async function* onlyBytes(read: AsyncIterable<{ bytes: Buffer }>): AsyncGenerator<Buffer> {
  for await (const { bytes } of read) yield bytes
}
