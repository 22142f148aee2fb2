import type { Column, Row } from '@lautta/tables/column'
import { fillRow } from '@lautta/tables/joined-columns'
import type { EntryRows } from './read-plan.ts'
import { writeCursor } from './table-cursor.ts'

export interface JsonPage {
  columns: readonly Column[]
  /** Rows at most. */
  limit: number
  /** Rows of the first object that were given before. */
  given: { position: readonly (string | number)[]; rows: number } | null
  /** Told at the end: what was left out is known only then. */
  warnings: readonly string[]
}

/** One part of a table as JSON, piece by piece: the rows, the cursor of the next part, and what was left out. */
export async function* writeJson(source: AsyncGenerator<EntryRows>, page: JsonPage): AsyncGenerator<string> {
  let { given } = page
  let left = page.limit
  let next: string | null = null
  let separator = ''
  yield '{"items":['
  for await (const { entry, rows } of source) {
    if (left === 0) {
      next = given === null ? null : writeCursor(given)
      break
    }
    const told = rows.slice(0, left)
    const before = given?.position === entry.position || isSame(given, entry.position) ? (given?.rows ?? 0) : 0
    given = { position: entry.position, rows: before + told.length }
    left -= told.length
    yield separator + told.map((row: Row) => JSON.stringify(fillRow(page.columns, row))).join(',')
    separator = ','
    if (told.length < rows.length) {
      next = writeCursor(given)
      break
    }
  }
  yield `],"next":${JSON.stringify(next)},"warnings":${JSON.stringify(page.warnings)}}`
}

function isSame(given: JsonPage['given'], position: readonly (string | number)[]): boolean {
  return JSON.stringify(given?.position) === JSON.stringify(position)
}
