import { DataType, type Table, type Type, tableFromIPC, type Vector } from 'apache-arrow'
import { ParquetFile, type RecordBatch } from 'parquet-wasm'
import type { Cell, Column, ColumnType, Row } from './column.ts'
import { indexColumn, writerLibrary } from './pandas-metadata.ts'

/** The bytes of a Parquet file, wherever they are. */
export interface TableBytes {
  usedBytes: number
  /** Bytes `first` to `last`, both included. */
  read(first: number, last: number): Promise<Uint8Array>
}

/** A Parquet file whose rows are read when they are wanted. */
export interface OpenedTable {
  /** What was its pandas index is the first of them, `name`. */
  columns: readonly Column[]
  /** Whether Lautta wrote it. */
  isOurs: boolean
  /** Its rows, some thousand at a time; once. */
  readRows(only?: OnlyRows): AsyncGenerator<Row[]>
  close(): void
}

/** Rows that have one of these texts in a column: no others are made. */
export interface OnlyRows {
  column: string
  values: ReadonlySet<string>
}

const batchRows = 2048

/** Opens a Parquet file with columns of text and numbers, ours or a user's own, in memory that does not grow with it. */
export async function openTable(bytes: TableBytes): Promise<OpenedTable> {
  const reading: Reading = { failure: null }
  const file = await orFailure(reading, () => ParquetFile.fromFile(new ByteRange(bytes, reading, 0, bytes.usedBytes) as never))
  const { schema } = tableFromIPC(file.schema().intoIPCStream())
  const named = schema.fields.map(({ name, type }) => ({ name: name === indexColumn.name ? 'name' : name, type, from: name }))
  // A column of the user's own wins over the index.
  const fields = named.filter(({ name, from }) => from === name || schema.fields.every((field) => field.name !== name))
  const columns = fields.map(({ name, type }): Column => ({ name, type: columnTypeOf(type) }))
  const isIndex = fields.map(({ name, from }) => name !== from)
  return {
    columns: [...columns.filter((_column, at) => isIndex[at]), ...columns.filter((_column, at) => !isIndex[at])],
    isOurs: librarySaidIn(schema.metadata.get('pandas')) === writerLibrary,
    async *readRows(only) {
      const stream = await orFailure(reading, () => file.stream({ batchSize: batchRows, concurrency: 1 }))
      const batches = stream.getReader() as ReadableStreamDefaultReader<RecordBatch>
      try {
        for (;;) {
          const { done, value } = await orFailure(reading, () => batches.read())
          if (done) return
          yield toRows(tableFromIPC(value.intoIPCStream()), fields, only)
        }
      } finally {
        await batches.cancel().catch(() => {})
      }
    },
    close: () => file.free()
  }
}

interface Reading {
  failure: { cause: unknown } | null
}

/** What Parquet's reader takes for a Blob. A failure in it would end the reader for good: so it gets zeros, and we tell why. */
class ByteRange {
  readonly #bytes: TableBytes
  readonly #reading: Reading
  readonly #first: number
  readonly #end: number

  constructor(bytes: TableBytes, reading: Reading, first: number, end: number) {
    this.#bytes = bytes
    this.#reading = reading
    this.#first = first
    this.#end = end
  }

  get size(): number {
    return this.#end - this.#first
  }

  slice(from = 0, to = this.size): ByteRange {
    const at = (offset: number) => Math.min(this.#first + Math.max(0, offset), this.#end)
    return new ByteRange(this.#bytes, this.#reading, at(from), Math.max(at(from), at(to)))
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const filled = new Uint8Array(this.size)
    if (this.size === 0 || this.#reading.failure !== null) return filled.buffer
    try {
      const found = await this.#bytes.read(this.#first, this.#end - 1)
      if (found.length !== this.size) throw new Error(`${found.length} bytes came, not ${this.size}`)
      filled.set(found)
    } catch (cause) {
      this.#reading.failure = { cause }
    }
    return filled.buffer
  }
}

/** What was done, unless the bytes for it did not come. */
async function orFailure<Result>(reading: Reading, act: () => Promise<Result>): Promise<Result> {
  try {
    const result = await act()
    if (reading.failure === null) return result
  } catch (error) {
    if (reading.failure === null) throw error
  }
  throw reading.failure.cause
}

function toRows(table: Table, fields: readonly { name: string; from: string }[], only: OnlyRows | undefined): Row[] {
  const wanted = only === undefined ? null : table.getChild(only.column)
  const isWanted = Array.from({ length: table.numRows }, (_none, at) => {
    return wanted === null || (only?.values.has(String(wanted.get(at))) ?? true)
  })
  const rows = isWanted.map((is): Record<string, Cell> | null => (is ? {} : null))
  const found = rows.filter((row) => row !== null)
  if (found.length === 0) return found
  for (const { name, from } of fields) {
    const vector = table.getChild(from)
    if (vector !== null) fillColumn(rows, name, vector)
  }
  return found
}

function fillColumn(rows: readonly (Record<string, Cell> | null)[], name: string, vector: Vector): void {
  for (const [at, row] of rows.entries()) {
    if (row !== null) row[name] = toCell(vector.get(at))
  }
}

function columnTypeOf(type: DataType<Type>): ColumnType {
  if (DataType.isInt(type)) return 'int64'
  return DataType.isFloat(type) ? 'double' : 'string'
}

function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'number' ? value : String(value)
}

function librarySaidIn(pandas: string | undefined): unknown {
  try {
    return JSON.parse(pandas ?? '{}')?.creator?.library
  } catch {
    // Somebody else's words: not ours.
    return undefined
  }
}
