import { columns } from './column.ts'
import { writeTable } from './write-table.ts'

/** A line of a log with its number in the stream, counted from 1. */
export interface NumberedLine {
  rows: string
  line: number
}

/** The lines of a log as seed 000 cleans them: tabs and ESC to blanks, blank lines dropped, invalid UTF-8 replaced. */
export function cleanLines(content: Buffer): NumberedLine[] {
  const lines = content.toString('utf8').split(/\r\n|\n|\r/)
  return (
    lines
      // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what is replaced
      .map((text, at) => ({ rows: text.replace(/[\t\u001b]/g, ' '), line: at + 1 }))
      .filter(({ rows }) => rows.trim() !== '')
  )
}

/** The table of seed 000's logs: the one column `rows`. */
export function writeLinesTable(content: Buffer): Uint8Array {
  return writeTable({ columns: columns('string', 'rows'), rows: cleanLines(content).map(({ rows }) => ({ rows })) })
}
