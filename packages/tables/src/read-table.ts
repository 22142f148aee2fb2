import { columnTypeOf, toCell } from './arrow-values.ts'
import type { Cell, Column, RowTable } from './column.ts'
import { indexColumn } from './pandas-metadata.ts'
import { readArrow } from './parquet-reader.ts'

/** Reads a Parquet file with columns of text and numbers, ours or a user's own; one of more rows than that is refused. */
export function readTable(content: Uint8Array, mostRows?: number): RowTable {
  const table = readArrow(content, undefined, mostRows)
  const all = table.schema.fields.map(({ name, type }): Column => ({ name, type: columnTypeOf(type) }))
  const vectors = new Map(all.map(({ name }, at) => [name, table.getChildAt(at)]))
  const cell = (name: string, row: number): Cell => toCell(vectors.get(name)?.get(row))
  const columns = all.filter(({ name }) => name !== indexColumn.name)
  const numbers = Array.from({ length: table.numRows }, (_none, row) => row)
  const rows = numbers.map((row) => Object.fromEntries(columns.map(({ name }) => [name, cell(name, row)])))
  if (columns.length === all.length) return { columns, rows }
  return { columns, rows, index: numbers.map((row) => String(cell(indexColumn.name, row))) }
}
