import { createHash } from 'node:crypto'
import { canonicalJson } from '@lautta/core/canonical-json'
import type { OrderDocument } from '@lautta/core/documents/order-document'
import type { RequestDocument } from '@lautta/core/documents/request-document'
import { messageOf } from '@lautta/core/errors'
import { createId, deriveId } from '@lautta/core/ids'
import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import { type NewOrder, ordersInRequest } from '@lautta/core/orchestration/next-order'
import type { Management } from '@lautta/object-store/management'
import type { Changes } from '@lautta/queue/changes'
import type { Locks } from '@lautta/queue/locks'
import type { Queues } from '@lautta/queue/queues'
import type { Logger } from '@lautta/runtime/logger'
import type { Caller } from './authenticate.ts'
import { type ClosablePlatform, warningsFor } from './order-warnings.ts'
import { Problem } from './problem.ts'

/** By which id an order is stored; one that the user's own key gives may come again, and is then the same order. */
export interface OrderIdentity {
  id: string
  /** What the user calls the key; null: the id is new. */
  key: string | null
}

/** An order that is to be stored. */
export interface AcceptedOrder {
  identity: OrderIdentity
  request: Orchestration
  /** As it was sent: a key stands for it. */
  body: unknown
  start: boolean
  /** Besides those that the request itself gives. */
  warnings?: readonly string[]
}

export interface OrderWriterOptions {
  management: Management
  queues: Queues
  changes: Changes
  locks: Locks
  platforms: readonly ClosablePlatform[]
  logger: Logger
  now(): Date
}

/** Writes requests and orders; both are durable before anybody is told. */
export function createOrderWriter({ management, queues, changes, locks, platforms, logger, now }: OrderWriterOptions) {
  /** A lost hint costs the submitter's next survey, and never an order. */
  const nudge = async (user: string, id: string, platforms: readonly string[]): Promise<void> => {
    try {
      await Promise.all(platforms.map((platform) => changes.remember(user, platform, id)))
      await Promise.all(platforms.map((platform) => queues.nudgeReconcile({ user, platform })))
      await changes.tell({ user, id })
    } catch (error) {
      logger.warn({ orchestration: id, error: messageOf(error) }, 'the submitter could not be told at once')
    }
  }

  const order = async (caller: Caller, id: string, platforms: readonly string[], orders: readonly NewOrder[]): Promise<void> => {
    for (const one of orders) {
      const at = now()
      await management.writeOrder(caller.user, id, createId(at), {
        schema: 1,
        ...one,
        by: caller.user,
        keyId: caller.keyId,
        at: at.toISOString()
      })
    }
    await nudge(caller.user, id, platforms)
  }

  /** Stores the request, unless this key stored the same one before. */
  const store = async (
    caller: Caller,
    { identity: { id, key }, request, body, warnings = [] }: AcceptedOrder
  ): Promise<StoredOrder> => {
    const bodySha256 = createHash('sha256').update(canonicalJson(body)).digest('hex')
    const stored = await management.readRequest(caller.user, id)
    if (stored !== null && stored.bodySha256 !== bodySha256) {
      throw new Problem(422, `this ${key} was used with another body`, { hint: 'use a new one for something new' })
    }
    if (stored !== null) return stored
    const document = {
      id,
      user: caller.user,
      createdAt: now().toISOString(),
      keyId: caller.keyId,
      bodySha256,
      warnings: [...warningsFor(platforms, request), ...warnings],
      request
    }
    await management.writeRequest(caller.user, { schema: 1, ...document })
    return document
  }

  const readOrders = async (user: string, id: string): Promise<OrderDocument[]> => {
    const { orderIds } = await management.listOrder(user, id)
    const read = await Promise.all(orderIds.map((orderId) => management.readOrder(user, id, orderId)))
    return read.filter((found) => found !== null)
  }

  return {
    order,
    nudge,

    /** The id of an order, which the user's Idempotency-Key gives where there is one. */
    identify(user: string, idempotencyKey: string | undefined): OrderIdentity {
      if (idempotencyKey === undefined) return { id: createId(now()), key: null }
      return { id: deriveId(user, idempotencyKey), key: 'Idempotency-Key' }
    },

    /** Accepts an orchestration: it is durable when this resolves. */
    async create(caller: Caller, accepted: AcceptedOrder) {
      const { id, key } = accepted.identity
      const write = async () => {
        const stored = await store(caller, accepted)
        const wanted = wantedOrders(accepted.start, stored.request)
        const given = key === null ? [] : await readOrders(caller.user, id)
        const missing = wanted.filter((one) => !given.some((other) => isSameOrder(one, other)))
        await order(caller, id, Object.keys(stored.request.platforms), missing)
        const state = wanted.some((one) => one.order === 'start') ? 'active' : 'declared'
        return { id, name: stored.request.name, state, 'created-at': stored.createdAt, warnings: stored.warnings }
      }
      // Two at once with one key: the second must see what the first stored, since stores can't create only once.
      return key === null ? write() : locks.withLock(`create:${id}`, write)
    }
  }
}
export type OrderWriter = ReturnType<typeof createOrderWriter>

type StoredOrder = Pick<RequestDocument, 'createdAt' | 'warnings' | 'request'>

function wantedOrders(start: boolean, request: Orchestration): NewOrder[] {
  return [...(start ? [{ order: 'start' as const, attempt: 1 }] : []), ...ordersInRequest(request)]
}

function isSameOrder(a: NewOrder, b: OrderDocument): boolean {
  return a.order === b.order && a.attempt === b.attempt && a.platform === b.platform && a.index === b.index
}
