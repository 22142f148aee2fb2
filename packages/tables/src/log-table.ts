import type { LogStream } from '@lautta/core/object-names'
import { columns } from './column.ts'
import { cleanLines } from './lines-table.ts'
import { writeTable } from './write-table.ts'

/** The columns of LOGS. */
export const logColumns = [...columns('string', 'rows'), ...columns('int64', 'line'), ...columns('string', 'source')]

/** LOGS: the lines of a run's streams, each with its number and its source. */
export function writeLogTable(streams: readonly { source: LogStream; content: Buffer }[]): Uint8Array {
  const rows = streams.flatMap(({ source, content }) => cleanLines(content).map((line) => ({ ...line, source })))
  return writeTable({ columns: logColumns, rows })
}
