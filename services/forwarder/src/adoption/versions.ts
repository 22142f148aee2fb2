import type { AdoptedVersion } from '@lautta/core/documents/adopted-document'
import { UnavailableError } from '@lautta/core/errors'
import { createId } from '@lautta/core/ids'
import type { Complaint } from '@lautta/core/orchestration/complaints'
import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import { type KnownOrder, partsOf } from '@lautta/core/orchestration/known-order'
import { type NewOrder, ordersInVersion, stopOrders } from '@lautta/core/orchestration/next-order'
import type { ListedOrder } from '@lautta/object-store/list-orders'
import type { Management } from '@lautta/object-store/management'
import type { OrderReader } from '../order-reader.ts'
import type { OrderWriter } from '../order-writer.ts'
import { createRememberedVersions, originOf } from './remembered-versions.ts'

/** What lies in the bucket now. */
export type Found =
  | { found: 'request'; etag: string; bodySha256: string; warnings: string[]; request: Orchestration }
  | { found: 'errors'; etag: string; bodySha256: string; errors: Complaint[] }
  | { found: 'nothing' }

export interface VersionsOptions {
  user: string
  management: Management
  reader: OrderReader
  writer: Pick<OrderWriter, 'nudge'>
  /** Throws when nothing may be written, because another forwarder may adopt by now. */
  mayWrite(): void
  now(): Date
}

/**
 * The versions of a user's adopted requests. A version tells which orders follow from it, and is written before they
 * are: a crash between is healed when the version is recalled.
 */
export function createVersions({ user, management, reader, writer, mayWrite, now }: VersionsOptions) {
  // Counted on also when a write fails, because it may have arrived all the same.
  const highest = new Map<string, number>()
  const remembered = createRememberedVersions()

  /** The request that counted after a version. */
  const readInForce = async ({ id, ...version }: AdoptedVersion): Promise<Orchestration | null> => {
    if (version.found === 'request') return version.request
    if (version.inForce === null) return null
    const found = await management.readAdopted(user, id, version.inForce)
    if (found?.found !== 'request') throw new UnavailableError(`version ${version.inForce} of the request can not be read`)
    return found.request
  }

  /** The newest version: newer ones than a listing shows are asked for by their numbers. */
  const readNewest = async (id: string, listed: readonly number[]): Promise<AdoptedVersion | null> => {
    const counted = Math.max(highest.get(id) ?? 0, ...listed)
    const ahead: number[] = []
    for (let next = counted + 1; (await management.readAdopted(user, id, next)) !== null; next++) ahead.unshift(next)
    highest.set(id, counted + ahead.length)
    const found = await management.readNewest(
      user,
      id,
      [...new Set([...ahead, counted, ...listed])].filter((number) => number > 0)
    )
    const newest = remembered.newestOf(id)
    return newest !== null && newest.number > (found?.number ?? 0) ? newest : found
  }

  const writeOrders = async (version: AdoptedVersion, orders: AdoptedVersion['orders'], known: KnownOrder): Promise<void> => {
    const { id } = version
    for (const { orderId, ...order } of orders) {
      mayWrite()
      await management.writeOrder(user, id, orderId, { schema: 1, ...order, ...originOf(version) })
    }
    const named = version.found === 'request' ? Object.keys(version.request.platforms) : []
    await writer.nudge(user, id, [...new Set([...named, ...partsOf(known).keys()])])
  }

  return {
    /** The newest version of a listed order, with all orders that follow from it. */
    async recall({ id, versions, orderIds }: ListedOrder): Promise<AdoptedVersion | null> {
      const newest = await readNewest(id, versions)
      if (newest !== null) remembered.add(newest)
      const missing = newest?.orders.filter(({ orderId }) => !orderIds.includes(orderId)) ?? []
      if (newest !== null && missing.length > 0) await writeOrders(newest, missing, await reader.read(user, id))
      return newest
    },

    /** Makes what was found the next version after `former`. */
    async add(id: string, former: AdoptedVersion | null, found: Found): Promise<AdoptedVersion> {
      const at = now()
      const number = 1 + (highest.get(id) ?? 0)
      // Found here, it is recalled at the next look.
      const isGiven = (await management.readAdopted(user, id, number)) !== null
      if (isGiven) throw new UnavailableError(`version ${number} was adopted by another forwarder`)
      const standing = former === null ? null : await readInForce(former)
      const known = former === null ? nothingKnown(id) : remembered.complete(await reader.read(user, id), former, standing)
      const version: AdoptedVersion = {
        ...{ schema: 1, id, user, number },
        createdAt: former?.createdAt ?? at.toISOString(),
        adoptedAt: at.toISOString(),
        inForce: found.found === 'request' ? number : inForceAfter(former, found),
        orders: ordersOf(known, former?.found === 'nothing' ? null : standing, found).map((order) => ({
          orderId: createId(at),
          ...order
        })),
        ...found
      }
      mayWrite()
      highest.set(id, number)
      await management.writeAdopted(user, version)
      remembered.add(version)
      await writeOrders(version, version.orders, known)
      return version
    }
  }
}
export type Versions = ReturnType<typeof createVersions>

function nothingKnown(id: string): KnownOrder {
  const request = { name: id, labels: {}, platforms: {} }
  const accepted = { id, createdAt: '', warnings: [], request, version: null, errors: [] }
  return { request: accepted, earlier: new Map(), orders: [], statuses: new Map() }
}

function ordersOf(known: KnownOrder, standing: Orchestration | null, found: Found): NewOrder[] {
  if (found.found === 'errors') return []
  if (found.found === 'nothing') return stopOrders(known)
  return ordersInVersion(known, standing, found.request)
}

/** What can't be read leaves the version before it in force, unless that had been taken away. */
function inForceAfter(former: AdoptedVersion | null, { found }: Found): number | null {
  return former === null || (found === 'errors' && former.found === 'nothing') ? null : former.inForce
}
