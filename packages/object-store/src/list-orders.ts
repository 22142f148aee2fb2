import type { BegunTry } from '@lautta/core/object-names'
import { managementPrefix } from '@lautta/core/object-names'
import type { ObjectEntry, ObjectStore } from './object-store.ts'
import { listAll } from './read-object.ts'

/** What lies in the object store of one order, by a listing. */
export interface ListedOrder {
  id: string
  /** Whether a request of the REST API was listed; a listing of what lies below it does not tell. */
  hasRequest: boolean
  /** Ids of its order objects, oldest first. */
  orderIds: string[]
  /** Numbers of the versions of an adopted request, newest first. */
  versions: number[]
  /** ETags of its status documents by platform, and of its pickled views. */
  statusEtags: ReadonlyMap<string, string>
  viewEtags: ReadonlyMap<string, string>
  /** Submissions that were begun. */
  tries: readonly BegunTry[]
}

/** An order of which nothing lies there. */
export function listedNothing(id: string) {
  return {
    id,
    hasRequest: false,
    orderIds: [] as string[],
    versions: [] as number[],
    statusEtags: new Map<string, string>(),
    viewEtags: new Map<string, string>(),
    tries: [] as BegunTry[]
  }
}

/** The orders to which the objects of a listing belong. */
export function groupByOrder(objects: readonly ObjectEntry[]): ListedOrder[] {
  const orders = new Map<string, ReturnType<typeof listedNothing>>()
  for (const { path, etag } of objects) {
    const [, id, rest = '', kind] = /^MANAGEMENT\/([A-Za-z0-9][^/]*?)(?:\/(.+))?\.(json|pkl)$/.exec(path) ?? []
    if (id === undefined || (kind === 'pkl' && rest === '')) continue
    const listed = orders.get(id) ?? listedNothing(id)
    orders.set(id, listed)
    const [first = '', second, third] = rest.split('/')
    if (first === '') listed.hasRequest = true
    else if (first === 'ORDERS' && second !== undefined) listed.orderIds.push(second)
    else if (first === 'TRIES' && second !== undefined) listed.tries.push(...readTryName(second, third))
    else if (first === 'ADOPTED' && second !== undefined)
      listed.versions.push(...(/^[1-9]\d*$/.test(second) ? [Number(second)] : []))
    else if (second === undefined) (kind === 'json' ? listed.statusEtags : listed.viewEtags).set(first, etag)
  }
  for (const { versions } of orders.values()) versions.sort((a, b) => b - a)
  return [...orders.values()]
}

/** The orders of which any object was modified since then, as a whole, and when the newest of all was modified. */
export async function listChangedOrders(
  store: ObjectStore,
  bucket: string,
  since: Date
): Promise<{ orders: ListedOrder[]; newest: Date | null }> {
  const objects = await listAll(store, bucket, managementPrefix)
  const modified = ({ modifiedAt }: ObjectEntry): number => Date.parse(modifiedAt)
  const changed = new Set(groupByOrder(objects.filter((object) => modified(object) >= since.getTime())).map(({ id }) => id))
  const newestMs = objects.reduce((newest, object) => Math.max(newest, modified(object)), 0)
  const orders = groupByOrder(objects).filter(({ id }) => changed.has(id))
  return { orders, newest: objects.length === 0 ? null : new Date(newestMs) }
}

function readTryName(platform: string, name = ''): BegunTry[] {
  const [, index, attempt, number] = /^(\d+)-(\d+)-(\d+)$/.exec(name) ?? []
  return index === undefined ? [] : [{ platform, index: Number(index), attempt: Number(attempt), try: Number(number) }]
}

/** A request that a notebook put there itself. */
export type ListedPickle = Pick<ObjectEntry, 'etag' | 'usedBytes'>

/** The requests that a user's notebook put into the bucket, and the ids of those of the REST API. */
export interface ListedPickles {
  pickles: ReadonlyMap<string, ListedPickle>
  posted: ReadonlySet<string>
}

/** What lies in MANAGEMENT/ itself: one listing, whatever lies deeper. */
export async function listPickles(store: ObjectStore, bucket: string): Promise<ListedPickles> {
  const pickles = new Map<string, ListedPickle>()
  const posted = new Set<string>()
  let after: string | null = ''
  while (after !== null) {
    const part = await store.list(bucket, { prefix: managementPrefix, delimiter: '/', ...(after === '' ? {} : { after }) })
    for (const { path, etag, usedBytes } of part.objects) {
      const [, id, kind] = /^MANAGEMENT\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})\.(json|pkl)$/.exec(path) ?? []
      if (id !== undefined && kind === 'pkl') pickles.set(id, { etag, usedBytes })
      else if (id !== undefined) posted.add(id)
    }
    after = part.next
  }
  return { pickles, posted }
}
