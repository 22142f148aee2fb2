import { createHash } from 'node:crypto'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { listAll, readObject } from '@lautta/object-store/read-object'

const writes = ['put', 'delete'] as const
const operations = [...writes, 'get', 'head', 'list'] as const
type Operation = (typeof operations)[number]

/** A store that does something around each of its operations. */
function wrapStore(store: ObjectStore, around: (operation: Operation, work: () => Promise<unknown>) => Promise<unknown>) {
  const wrapped = operations.map((operation) => [
    operation,
    (...args: unknown[]) => around(operation, () => (store[operation] as (...args: unknown[]) => Promise<unknown>)(...args))
  ])
  return { ...store, ...Object.fromEntries(wrapped) } as ObjectStore
}

/** A store whose user is killed before or after a write, counted from 1: nothing more is done then. */
export function killAt(store: ObjectStore, number: number, when: 'before' | 'after') {
  let begun = 0
  const killed = () => new Error('killed')
  const dying = wrapStore(store, async (operation, work) => {
    if (begun >= number) throw killed()
    if (!writes.some((one) => one === operation)) return work()
    begun++
    if (begun < number) return work()
    if (when === 'after') await work()
    throw killed()
  })
  return { store: dying, isDead: () => begun >= number }
}

/** A store that stands still before an operation, counted from 1, until it is let go on. */
export function freezeAt(store: ObjectStore, number: number, stillness: () => Promise<unknown>) {
  let begun = 0
  const freezing = wrapStore(store, async (_operation, work) => {
    if (++begun === number) await stillness()
    return work()
  })
  return { store: freezing, wasFrozen: () => begun >= number }
}

/** All that lies in buckets: contents and metadata, but for the versions. */
export async function readBuckets(store: ObjectStore, buckets: readonly string[]): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const bucket of buckets)
    for (const { path } of await listAll(store, bucket, '')) {
      const info = await store.head(bucket, path)
      const { version: _, ...metadata } = info?.metadata ?? {}
      const content = await readObject(store, bucket, path)
      const isText = info?.contentType.startsWith('text/')
      const told = isText
        ? content?.toString()
        : createHash('md5')
            .update(content ?? '')
            .digest('hex')
      found[`${bucket}/${path}`] = { content: told, type: info?.contentType, metadata }
    }
  return found
}
