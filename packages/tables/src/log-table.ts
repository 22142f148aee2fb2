import type { LogStream } from '@lautta/core/object-names'
import { columns, type Row } from './column.ts'
import { createLineSplitter, type LogLine } from './split-lines.ts'
import { streamTable } from './stream-table.ts'

const batchRows = 8192
const batchBytes = 4 * 1024 * 1024
// More at once would be more lines in memory.
const chunkBytes = 256 * 1024

/** The columns of LOGS. */
export const logColumns = [...columns('string', 'rows'), ...columns('int64', 'line'), ...columns('string', 'source')]

/** Bytes of a log. */
export interface LogBytes {
  source: LogStream
  bytes: Buffer
}

/**
 * LOGS as a Parquet file, piece by piece: the lines of a run's streams, each with its number and its source. All bytes of a
 * source have to come one behind the other.
 */
export function streamLogTable(logs: AsyncIterable<LogBytes>): AsyncGenerator<Uint8Array> {
  return streamTable(logColumns, gatherRows(logs))
}

async function* gatherRows(logs: AsyncIterable<LogBytes>): AsyncGenerator<Row[]> {
  let batch: Row[] = []
  let length = 0
  for await (const { source, lines } of splitStreams(logs)) {
    for (const { text, line } of lines) {
      batch.push({ rows: text, line, source })
      length += text.length
      if (batch.length < batchRows && length < batchBytes) continue
      yield batch
      batch = []
      length = 0
    }
  }
  yield batch
}

async function* splitStreams(logs: AsyncIterable<LogBytes>): AsyncGenerator<{ source: LogStream; lines: LogLine[] }> {
  let current: LogStream | null = null
  let splitter = createLineSplitter()
  for await (const { source, bytes } of logs) {
    if (source !== current) {
      if (current !== null) yield { source: current, lines: splitter.end() }
      current = source
      splitter = createLineSplitter()
    }
    for (let at = 0; at < bytes.length; at += chunkBytes)
      yield { source, lines: splitter.push(bytes.subarray(at, at + chunkBytes)) }
  }
  if (current !== null) yield { source: current, lines: splitter.end() }
}
