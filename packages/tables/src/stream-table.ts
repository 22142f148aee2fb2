import { Compression, transformParquetStream, type WriterProperties, WriterPropertiesBuilder } from 'parquet-wasm'
import { arrowSchema, toWasmTable } from './arrow-batch.ts'
import type { Column, Row } from './column.ts'
import { pandasMetadata } from './pandas-metadata.ts'
import { readRowCount } from './read-row-count.ts'
import { writeTable } from './write-table.ts'

/** What is held in memory before it is written: so many rows, or so many bytes of them, whichever comes first. */
export interface StreamOptions {
  groupRows?: number
  groupBytes?: number
}

const defaults = { groupRows: 65_536, groupBytes: 16 * 1024 * 1024 }

/**
 * A table as a Parquet file, piece by piece, whatever its length: zstd, and readable by pandas, whose index is 0..n-1. A
 * batch should have some thousand rows. Throws before its last piece when `batches` throws or a row is missing: what was
 * sent until then is no Parquet file.
 */
export async function* streamTable(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
  options: StreamOptions = {}
): AsyncGenerator<Uint8Array> {
  const source = withoutEmpty(batches)
  try {
    const first = await source.next()
    // The streaming writer makes no table without rows.
    if (first.done === true) return yield writeTable({ columns, rows: [] })
    const given: Given = { rows: 0, failure: null }
    const input = feedWriter(columns, first.value, source, given)
    let last = new Uint8Array()
    for await (const piece of await transformParquetStream(input, writerProperties({ ...defaults, ...options }))) {
      if (given.failure !== null) break
      if (last.length > 0) yield last
      last = piece
    }
    if (given.failure !== null) throw given.failure.cause
    const writtenRows = readRowCount(last)
    // What the writer does not understand it leaves out without a word.
    if (writtenRows !== given.rows) throw new Error(`a table of ${given.rows} rows was written with ${writtenRows}`)
    yield last
  } finally {
    await source.return(undefined)
  }
}

/** What the writer was given until now, and why there is no more. */
interface Given {
  rows: number
  failure: { cause: unknown } | null
}

function feedWriter(
  columns: readonly Column[],
  first: readonly Row[],
  source: AsyncGenerator<readonly Row[], undefined>,
  given: Given
): ReadableStream {
  const schema = arrowSchema(columns, pandasMetadata(columns, null, false))
  const give = (controller: ReadableStreamDefaultController, rows: readonly Row[]): void => {
    const table = toWasmTable(schema, columns, rows)
    for (const batch of table.recordBatches()) controller.enqueue(batch)
    table.free()
    given.rows += rows.length
  }
  return new ReadableStream(
    {
      start: (controller) => give(controller, first),
      async pull(controller) {
        try {
          const { done, value } = await source.next()
          if (done === true) controller.close()
          else give(controller, value)
        } catch (cause) {
          // As an error it would end the file as if that were whole: it is kept, and thrown above.
          given.failure = { cause }
          controller.close()
        }
      }
    },
    { highWaterMark: 0 }
  )
}

async function* withoutEmpty(batches: AsyncIterable<readonly Row[]>): AsyncGenerator<readonly Row[], undefined> {
  for await (const rows of batches) if (rows.length > 0) yield rows
}

function writerProperties({ groupRows, groupBytes }: Required<StreamOptions>): WriterProperties {
  return new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setMaxRowGroupSize(groupRows)
    .setMaxRowGroupBytes(groupBytes)
    .build()
}
