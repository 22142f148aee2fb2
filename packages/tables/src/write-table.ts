import { Compression, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm'
import { arrowSchema, toWasmTable } from './arrow-batch.ts'
import type { RowTable } from './column.ts'
import { indexColumn, pandasMetadata } from './pandas-metadata.ts'

/** A table as a Parquet file: zstd, and readable by pandas with its index. */
export function writeTable({ columns, rows, index }: RowTable): Uint8Array {
  const stored = index === undefined ? columns : [...columns, indexColumn]
  const cells = index === undefined ? rows : rows.map((row, at) => ({ ...row, [indexColumn.name]: index[at] ?? null }))
  const schema = arrowSchema(stored, pandasMetadata(columns, rows.length, index !== undefined))
  // The writer takes the table over: it must not be freed again.
  return writeParquet(toWasmTable(schema, stored, cells), new WriterPropertiesBuilder().setCompression(Compression.ZSTD).build())
}
