import type { JobEvent } from '@lautta/core/job/job-event'
import { foldOrders, ordersUpTo } from '@lautta/core/job/orders'
import { isNamed } from '@lautta/core/orchestration/known-order'
import type { LiveOrder } from './live-order.ts'

/** The orders that stand for a job, and whether its request still names it: if not, it is not started any more. */
export function ordersRead(order: LiveOrder, platform: string, index: number): JobEvent {
  const { version } = order.request
  const orders = foldOrders(ordersUpTo(version, order.orders), order.tries, platform, index)
  const isDropped = !isNamed(order, platform, index)
  return { type: 'ordersRead', orders, version: isDropped ? null : version, isDropped }
}
