import { type DataType, Field, Float64, Int64, Schema, Table, tableToIPC, Utf8, type Vector, vectorFromArray } from 'apache-arrow'
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm'
import type { Cell, Column, ColumnType, RowTable } from './column.ts'
import { indexColumn, pandasMetadata } from './pandas-metadata.ts'

const arrowTypes: Readonly<Record<ColumnType, () => DataType>> = {
  string: () => new Utf8(),
  int64: () => new Int64(),
  double: () => new Float64()
}

/** A table as a Parquet file: zstd, and readable by pandas with its index. */
export function writeTable({ columns, rows, index }: RowTable): Uint8Array {
  const stored = index === undefined ? columns : [...columns, indexColumn]
  const valuesOf = (column: Column): Cell[] =>
    column === indexColumn ? [...(index ?? [])] : rows.map((row) => row[column.name] ?? null)
  const fields = stored.map(({ name, type }) => new Field(name, arrowTypes[type](), true))
  // pandas finds its metadata in the Arrow schema only; in Parquet's own footer it is not looked for.
  const schema = new Schema(fields, new Map([['pandas', pandasMetadata(columns, rows.length, index !== undefined)]]))
  const vectors = Object.fromEntries(stored.map((column) => [column.name, toVector(column.type, valuesOf(column))]))
  const table = WasmTable.fromIPCStream(tableToIPC(new Table(schema, vectors), 'stream'))
  // Takes the table over: it must not be freed again.
  return writeParquet(table, new WriterPropertiesBuilder().setCompression(Compression.ZSTD).build())
}

function toVector(type: ColumnType, values: readonly Cell[]): Vector {
  if (type !== 'int64') return vectorFromArray(values, arrowTypes[type]())
  return vectorFromArray(
    values.map((value) => (value === null ? null : BigInt(Math.round(Number(value))))),
    new Int64()
  )
}
