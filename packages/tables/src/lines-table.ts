import { columns } from './column.ts'
import { createLineSplitter } from './split-lines.ts'
import { writeTable } from './write-table.ts'

/** The table of seed 000's logs: the one column `rows`. */
export function writeLinesTable(content: Buffer): Uint8Array {
  const lines = createLineSplitter(Number.POSITIVE_INFINITY)
  const rows = [...lines.push(content), ...lines.end()].map(({ text }) => ({ rows: text }))
  return writeTable({ columns: columns('string', 'rows'), rows })
}
