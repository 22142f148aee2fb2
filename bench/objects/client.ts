import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Agent } from 'undici'
import type { ObjectStore } from '../../packages/object-store/src/object-store.ts'

/** Somebody who puts and gets objects of one bucket; each method answers the bytes that went through. */
export interface Client {
  put(path: string, content: Buffer): Promise<number>
  get(path: string): Promise<number>
  /** So many bytes as a stream, never all of them in memory. */
  putLarge(path: string, bytes: number): Promise<number>
}

const block = Buffer.alloc(1024 * 1024, 'lautta ')

/** A stream of so many bytes. */
function streamOf(bytes: number): Readable {
  let left = bytes
  return new Readable({
    read() {
      const chunk = left >= block.length ? block : block.subarray(0, left)
      left -= chunk.length
      this.push(chunk.length === 0 ? null : chunk)
    }
  })
}

/** Our own adapter. */
export function clientOfPort(store: ObjectStore, bucket: string): Client {
  return {
    async put(path, content) {
      return (await store.put(bucket, path, content)).usedBytes
    },
    async get(path) {
      const found = await store.get(bucket, path)
      return found === null ? 0 : drain(found.content)
    },
    async putLarge(path, bytes) {
      return (await store.put(bucket, path, streamOf(bytes), { usedBytes: bytes })).usedBytes
    }
  }
}

/** Bare undici: the same requests and nothing else, or nothing but the MD5 of what goes and comes. */
export function clientOfUndici(base: string, headers: Readonly<Record<string, string>>, computesMd5 = false): Client {
  const agent = new Agent({ connections: 32 })
  const { origin, pathname } = new URL(base)
  const send = async (method: 'GET' | 'PUT', path: string, body: Buffer | Readable | null, bytes: number): Promise<number> => {
    const hash = computesMd5 ? createHash('md5') : null
    if (body instanceof Readable) body.on('data', (chunk: Buffer) => hash?.update(chunk)).pause()
    else if (body !== null) hash?.update(body)
    const length = body === null ? {} : { 'content-length': String(bytes), 'content-type': 'application/octet-stream' }
    const answer = await agent.request({ origin, path: `${pathname}/${path}`, method, body, headers: { ...headers, ...length } })
    const came = await drain(answer.body, hash)
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode}`)
    return body === null ? came : bytes
  }
  return {
    put: (path, content) => send('PUT', path, content, content.length),
    get: (path) => send('GET', path, null, 0),
    putLarge: (path, bytes) => send('PUT', path, streamOf(bytes), bytes)
  }
}

async function drain(content: Readable, hash: Hash | null = null): Promise<number> {
  let bytes = 0
  for await (const chunk of content as AsyncIterable<Buffer>) {
    bytes += chunk.length
    hash?.update(chunk)
  }
  hash?.digest('hex')
  return bytes
}
