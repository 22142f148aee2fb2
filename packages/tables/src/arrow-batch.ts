import {
  type Data,
  type DataType,
  Field,
  Float64,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Utf8
} from 'apache-arrow'
import { Table as WasmTable } from 'parquet-wasm'
import type { Cell, Column, ColumnType, Row } from './column.ts'

const arrowTypes: Readonly<Record<ColumnType, () => DataType>> = {
  string: () => new Utf8(),
  int64: () => new Int64(),
  double: () => new Float64()
}

// Arrow's offsets of text have 32 bits.
const mostTextBytes = 2 ** 31 - 1

/** The Arrow schema of a table; pandas finds its metadata there only, in Parquet's own footer it is not looked for. */
export function arrowSchema(columns: readonly Column[], pandas: string): Schema {
  const fields = columns.map(({ name, type }) => new Field(name, arrowTypes[type](), true))
  return new Schema(fields, new Map([['pandas', pandas]]))
}

/** Rows in the memory of the Parquet writer. Who takes the table over frees it. */
export function toWasmTable(schema: Schema, columns: readonly Column[], rows: readonly Row[]): WasmTable {
  const children = columns.map(({ name, type }) => toData(type, rows, name))
  const struct = makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children })
  return WasmTable.fromIPCStream(tableToIPC(new Table(schema, new RecordBatch(schema, struct)), 'stream'))
}

/** Made by hand: Arrow's own builders take three times as long. */
function toData(type: ColumnType, rows: readonly Row[], name: string): Data {
  const cells = rows.map((row): Cell => row[name] ?? null)
  const length = cells.length
  const nullBitmap = new Uint8Array(Math.ceil(length / 8))
  let nullCount = 0
  for (let at = 0; at < length; at++) {
    if (cells[at] === null) nullCount++
    else nullBitmap[at >> 3] = (nullBitmap[at >> 3] ?? 0) | (1 << (at & 7))
  }
  const common = nullCount === 0 ? { length, nullCount } : { length, nullCount, nullBitmap }
  if (type === 'string') return makeData({ type: new Utf8(), ...common, ...toText(cells, name) })
  if (type === 'double') {
    return makeData({ type: new Float64(), ...common, data: Float64Array.from(cells, (cell) => Number(cell ?? 0)) })
  }
  const data = BigInt64Array.from(cells, (cell) => BigInt(Math.round(Number(cell ?? 0))))
  return makeData({ type: new Int64(), ...common, data })
}

function toText(cells: readonly Cell[], name: string): { valueOffsets: Int32Array; data: Uint8Array } {
  const texts = cells.map((cell) => (cell === null ? '' : String(cell)))
  const valueOffsets = new Int32Array(texts.length + 1)
  let usedBytes = 0
  for (const [at, text] of texts.entries()) {
    usedBytes += Buffer.byteLength(text)
    if (usedBytes > mostTextBytes) throw new Error(`column ${name} has more than 2 GiB of text in one batch: give fewer rows`)
    valueOffsets[at + 1] = usedBytes
  }
  const data = Buffer.allocUnsafeSlow(usedBytes)
  for (const [at, text] of texts.entries()) data.write(text, valueOffsets[at] ?? 0)
  return { valueOffsets, data }
}
