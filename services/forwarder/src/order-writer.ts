import { createHash } from 'node:crypto'
import { canonicalJson } from '@lautta/core/canonical-json'
import type { OrderDocument } from '@lautta/core/documents/order-document'
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
    id: string,
    request: Orchestration,
    body: unknown
  ): Promise<{ createdAt: string; warnings: string[] }> => {
    const bodySha256 = createHash('sha256').update(canonicalJson(body)).digest('hex')
    const stored = await management.readRequest(caller.user, id)
    if (stored !== null && stored.bodySha256 !== bodySha256) {
      throw new Problem(422, 'this Idempotency-Key was used with another body', { hint: 'use a new key for a new orchestration' })
    }
    if (stored !== null) return stored
    const document = {
      id,
      user: caller.user,
      createdAt: now().toISOString(),
      bodySha256,
      warnings: warningsFor(platforms, request),
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

    /** Accepts an orchestration: it is durable when this resolves. */
    async create(caller: Caller, request: Orchestration, body: unknown, idempotencyKey: string | undefined, start: boolean) {
      const id = idempotencyKey === undefined ? createId(now()) : deriveId(caller.user, idempotencyKey)
      const wanted = [...(start ? [{ order: 'start' as const, attempt: 1 }] : []), ...ordersInRequest(request)]
      const write = async () => {
        const stored = await store(caller, id, request, body)
        const given = idempotencyKey === undefined ? [] : await readOrders(caller.user, id)
        const missing = wanted.filter((one) => !given.some((other) => isSameOrder(one, other)))
        await order(caller, id, Object.keys(request.platforms), missing)
        return stored
      }
      // Two at once with one key: the second must see what the first stored, since stores can't create only once.
      const stored = idempotencyKey === undefined ? await write() : await locks.withLock(`create:${id}`, write)
      const state = wanted.some((one) => one.order === 'start') ? 'active' : 'declared'
      return { id, name: request.name, state, 'created-at': stored.createdAt, warnings: stored.warnings }
    }
  }
}
export type OrderWriter = ReturnType<typeof createOrderWriter>

function isSameOrder(a: NewOrder, b: OrderDocument): boolean {
  return a.order === b.order && a.attempt === b.attempt && a.platform === b.platform && a.index === b.index
}
