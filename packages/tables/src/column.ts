/** The kinds of columns that our tables have. */
export type ColumnType = 'string' | 'int64' | 'double'

/** A value of a column; an int64 is a whole number. */
export type Cell = string | number | null

/** Cells by the column's name; one that is not there is null. */
export type Row = Readonly<Record<string, Cell>>

/** A table in memory: columns in their sequence, rows as objects by column name. */
export interface RowTable {
  columns: readonly Column[]
  rows: readonly Row[]
  /** Names of the rows, for a table whose pandas index is not 0..n-1. */
  index?: readonly string[]
}

export interface Column {
  name: string
  type: ColumnType
}

/** Columns of one type, written shortly. */
export function columns(type: ColumnType, ...names: string[]): Column[] {
  return names.map((name) => ({ name, type }))
}
