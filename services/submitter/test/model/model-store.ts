import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { StorageError } from '@lautta/core/errors'
import type { ObjectInfo, ObjectStore } from '@lautta/object-store/object-store'
import { ask, type Process, step, type World } from './world.ts'

/** An object store in memory, in which everything happens at once. */
export function createMemoryStore(): ObjectStore & { keys(): string[] } {
  const objects = new Map<string, { content: Buffer; info: ObjectInfo }>()
  const at = (bucket: string, path: string) => `${bucket}/${path}`
  return {
    keys: () => [...objects.keys()],
    async put(bucket, path, content, { contentType = '', metadata = {} } = {}) {
      const bytes = Buffer.from(content as Uint8Array)
      const etag = createHash('md5').update(bytes).digest('hex')
      const info = { path, usedBytes: bytes.length, etag, modifiedAt: '', contentType, metadata }
      objects.set(at(bucket, path), { content: bytes, info })
      return info
    },
    async get(bucket, path) {
      const found = objects.get(at(bucket, path))
      return found === undefined ? null : { info: found.info, content: Readable.from([found.content]) }
    },
    async head(bucket, path) {
      return objects.get(at(bucket, path))?.info ?? null
    },
    async list(bucket, { prefix = '' } = {}) {
      const infos = [...objects].filter(([key]) => key.startsWith(at(bucket, prefix))).map(([, { info }]) => info)
      return { objects: infos.sort((a, b) => (a.path < b.path ? -1 : 1)), prefixes: [], next: null }
    },
    async delete() {},
    sign: async () => null,
    measure: async () => null,
    sweep: async () => 0,
    async check() {},
    async close() {}
  }
}

/** The store as a process reaches it: puts arrive late, even after the process has died, and replies get lost. */
export function reachStore(store: ObjectStore, world: World, process: Process): ObjectStore {
  return {
    ...store,
    put: (...given) =>
      ask(world, process, async () => {
        await step(world)
        const info = await store.put(...given)
        if (!world.isCalm && world.random.isTrue(0.05)) throw new StorageError('the reply to a PUT was lost')
        return info
      }),
    get: (...given) => ask(world, process, () => store.get(...given)),
    head: (...given) => ask(world, process, () => store.head(...given)),
    list: (...given) => ask(world, process, () => store.list(...given))
  }
}
