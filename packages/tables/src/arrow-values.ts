import { DataType, type Type } from 'apache-arrow'
import type { Cell, ColumnType } from './column.ts'

/** The kind of column that holds what Arrow calls so: text, where it is no number. */
export function columnTypeOf(type: DataType<Type>): ColumnType {
  if (DataType.isInt(type)) return 'int64'
  return DataType.isFloat(type) ? 'double' : 'string'
}

/** A value of Arrow's as a cell. */
export function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'number' ? value : String(value)
}
