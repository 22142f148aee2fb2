import { setImmediate } from 'node:timers/promises'
import type { DataType, Table, Type, Vector } from 'apache-arrow'
import { columnTypeOf, toCell } from './arrow-values.ts'
import type { Cell, Column, Row } from './column.ts'
import { indexColumn, writerLibrary } from './pandas-metadata.ts'
import { readArrow, readArrowSchema } from './parquet-reader.ts'
import { readRowCount } from './read-row-count.ts'

/** What the end of a Parquet file tells of it. */
export interface DescribedTable {
  /** What was its pandas index is the first of them, `name`. */
  columns: readonly Column[]
  /** Whether Lautta wrote it. */
  isOurs: boolean
}

/** Rows that have one of these texts in a column: no others are made. */
export interface OnlyRows {
  column: string
  values: ReadonlySet<string>
}

// Between so many rows, or cells of them, others have their turn.
const mostSliceRows = 2048
const sliceCells = 128 * 1024

interface NamedField {
  name: string
  /** Its place among the columns: by name the library looks through all of them. */
  at: number
  type: DataType<Type>
}

/** Describes a Parquet file, ours or a user's own, by its bytes or by the last of them. */
export function describeTable(end: Uint8Array): DescribedTable {
  const { schema } = readArrowSchema(end)
  return {
    columns: nameFields(schema.fields).map(({ name, type }) => ({ name, type: columnTypeOf(type) })),
    isOurs: librarySaidIn(schema.metadata.get('pandas')) === writerLibrary
  }
}

/**
 * Reads the rows of a Parquet file with columns of text and numbers, one row group after the other. (The Parquet library's own reader of
 * streams is not for bytes of others: what is damaged ends it for good, for all who read.)
 */
export async function* readRowGroups(content: Uint8Array, only?: OnlyRows): AsyncGenerator<Row[]> {
  const rowCount = readRowCount(content)
  for (let [group, read] = [0, 0]; read < rowCount; group++) {
    const table = readArrow(content, [group])
    read += table.numRows
    const sliceRows = Math.max(1, Math.min(mostSliceRows, Math.floor(sliceCells / table.numCols)))
    for (let first = 0; first < table.numRows; first += sliceRows) {
      yield toRows(table.slice(first, first + sliceRows), only)
      await setImmediate()
    }
  }
}

/** The columns as they are called when tables are joined: what is an index comes first. */
function nameFields(fields: readonly { name: string; type: DataType<Type> }[]): NamedField[] {
  const named = fields.map(({ name, type }, at) => ({ name, at, type }))
  const index = named.filter(({ name }) => name === indexColumn.name).map((field) => ({ ...field, name: 'name' }))
  const others = named.filter(({ name }) => name !== indexColumn.name)
  // A column of the user's own wins over the index.
  return others.some(({ name }) => name === 'name') ? others : [...index, ...others]
}

function toRows(table: Table, only: OnlyRows | undefined): Row[] {
  const asked = only === undefined ? null : table.getChild(only.column)
  const isWanted = (at: number) => only === undefined || only.values.has(String(asked?.get(at)))
  const rows = Array.from({ length: table.numRows }, (_none, at): Record<string, Cell> | null => (isWanted(at) ? {} : null))
  const wanted = rows.filter((row) => row !== null)
  if (wanted.length === 0) return wanted
  for (const { name, at } of nameFields(table.schema.fields)) {
    const vector = table.getChildAt(at)
    if (vector !== null) fillColumn(rows, name, vector)
  }
  return wanted
}

function fillColumn(rows: readonly (Record<string, Cell> | null)[], name: string, vector: Vector): void {
  for (const [at, row] of rows.entries()) {
    if (row !== null) row[name] = toCell(vector.get(at))
  }
}

function librarySaidIn(pandas: string | undefined): unknown {
  try {
    return JSON.parse(pandas ?? '{}')?.creator?.library
  } catch {
    // Somebody else's words: not ours.
    return undefined
  }
}
