import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { compileFunction } from 'node:vm'
import { RefusedError } from '@lautta/core/errors'
import { type Table, tableFromIPC } from 'apache-arrow'

type Parquet = typeof import('parquet-wasm')

// Of WebAssembly, 64 KiB each: 512 MiB in all.
const mostPages = 8192

const gluePath = createRequire(import.meta.url).resolve('parquet-wasm')
const wasmPath = gluePath.replace(/\.js$/, '_bg.wasm')

// As many as pyarrow itself puts into a row group at most.
const mostRows = 1024 * 1024

/** What the end of a Parquet file tells: a table without rows. */
export function readArrowSchema(end: Uint8Array): Table {
  return tableFromIPC(readBounded((parquet) => parquet.readSchema(end).intoIPCStream()))
}

/** The rows of a Parquet file, or those of some of its row groups; refused when they are more than so many. */
export function readArrow(content: Uint8Array, rowGroups?: number[], most = mostRows): Table {
  const options = { limit: most + 1, ...(rowGroups && { rowGroups }) }
  const table = tableFromIPC(readBounded((parquet) => parquet.readParquet(content, options).intoIPCStream()))
  if (table.numRows > most) throw new RefusedError(`it has more than ${most} rows at once`)
  return table
}

/**
 * Reads with the Parquet library in a memory of its own, which ends: a few bytes of somebody's can unfold to more than there is. What
 * broke in it never comes back, so after that the next one reads in a new memory.
 */
function readBounded<Found>(read: (parquet: Parquet) => Found): Found {
  reader ??= openReader()
  try {
    return read(reader)
  } catch (cause) {
    // So WebAssembly calls it.
    if (!(cause instanceof Error && cause.name === 'RuntimeError')) throw cause
    reader = undefined
    throw new RefusedError('it is damaged, or one of its row groups unfolds to more than may be held in memory', { cause })
  }
}
let reader: Parquet | undefined

/** The library takes its module out of the file beside it: here one whose memory ends. */
function openReader(): Parquet {
  const opened = {}
  const glue = compileFunction(readFileSync(gluePath, 'utf8'), ['exports', 'require', '__dirname'], { filename: gluePath })
  glue(opened, () => ({ readFileSync: () => limitMemory(readFileSync(wasmPath), mostPages) }), dirname(gluePath))
  return opened as Parquet
}

const memorySection = 5

/** A WebAssembly module with an end to its one memory: behind the magic number follow sections, each a kind, a length and so many bytes. */
function limitMemory(module: Uint8Array, pages: number): Uint8Array {
  for (let at = 8; at < module.length; ) {
    const length = readNumber(module, at + 1)
    const end = length.next + length.value
    if (module[at] === memorySection) {
      // One memory, without a flag that it had an end already.
      if (module[length.next] !== 1 || module[length.next + 1] !== 0) throw new Error('the Parquet library has another memory')
      const least = readNumber(module, length.next + 2).value
      const section = [1, 1, ...writeNumber(least), ...writeNumber(pages)]
      return Buffer.concat([
        module.subarray(0, at + 1),
        Buffer.from([...writeNumber(section.length), ...section]),
        module.subarray(end)
      ])
    }
    at = end
  }
  throw new Error('the Parquet library has no memory')
}

/** Seven bits a byte, the last ones first. */
function readNumber(bytes: Uint8Array, at: number): { value: number; next: number } {
  for (let [value, shift, next] = [0, 0, at]; ; shift += 7) {
    const byte = bytes[next++] ?? 0
    value |= (byte & 127) << shift
    if (byte < 128) return { value, next }
  }
}

function writeNumber(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...writeNumber(value >> 7)]
}
