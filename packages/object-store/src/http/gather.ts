import { Readable } from 'node:stream'

/** A stream's beginning, in memory; `rest` is the whole of it when it is longer than that. */
export type Gathered = { whole: Buffer } | { rest: Readable }

/**
 * Takes a stream into memory when it is short: then it can be sent again, and its MD5 is known before. The signal ends
 * the stream also later, when nobody waits for anything but its next bytes.
 */
export async function gather(source: Readable, mostBytes: number, signal?: AbortSignal): Promise<Gathered> {
  signal?.addEventListener('abort', () => source.destroy(signal.reason), { once: true })
  const chunks: Buffer[] = []
  let bytes = 0
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  while (bytes <= mostBytes) {
    const next = await iterator.next()
    if (next.done) return { whole: Buffer.concat(chunks) }
    chunks.push(next.value)
    bytes += next.value.length
  }
  return { rest: continueWith(chunks, iterator, source) }
}

/** Not `Readable.from` a generator: that is let go of only when its source moves, which may be never. */
function continueWith(chunks: Buffer[], iterator: AsyncIterator<Buffer>, source: Readable): Readable {
  const rest = new Readable({
    read() {
      const chunk = chunks.shift()
      if (chunk !== undefined) rest.push(chunk)
      else
        iterator.next().then(
          (next) => rest.push(next.done ? null : next.value),
          (error: Error) => rest.destroy(error)
        )
    },
    destroy(error, done) {
      source.destroy()
      done(error)
    }
  })
  return rest
}
