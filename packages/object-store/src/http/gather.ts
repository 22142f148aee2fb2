import { Readable } from 'node:stream'

/** A stream's beginning, in memory; `rest` is the whole of it when it is longer than that. */
export type Gathered = { whole: Buffer } | { rest: Readable }

/** Takes a stream into memory when it is short: then it can be sent again, and its MD5 is known before. */
export async function gather(source: Readable, mostBytes: number): Promise<Gathered> {
  const chunks: Buffer[] = []
  let bytes = 0
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  while (bytes <= mostBytes) {
    const next = await iterator.next()
    if (next.done) return { whole: Buffer.concat(chunks) }
    chunks.push(next.value)
    bytes += next.value.length
  }
  const rest = Readable.from(continueWith(chunks, iterator), { objectMode: false })
  // Whoever stops reading, or never begins, lets go of the source.
  return { rest: rest.on('close', () => source.destroy()) }
}

async function* continueWith(chunks: readonly Buffer[], iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
}
