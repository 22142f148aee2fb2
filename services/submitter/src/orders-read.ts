import type { JobEvent } from '@lautta/core/job/job-event'
import { foldOrders, ordersUpTo } from '@lautta/core/job/orders'
import { retryCauses } from '@lautta/core/job/outcome'
import { isNamed, partOf } from '@lautta/core/orchestration/known-order'
import type { LiveOrder } from './live-order.ts'

/** The orders that stand for a job, and whether its request still names it: if not, it is not started any more. */
export function ordersRead(order: LiveOrder, platform: string, index: number): JobEvent {
  const { version } = order.request
  const orders = foldOrders(ordersUpTo(version, order.orders), order.tries, platform, index)
  const isDropped = !isNamed(order, platform, index)
  const job = partOf(order, platform, { version: null })?.jobs[index]
  const retries = retryCauses.flatMap((cause) => Array<typeof cause>(job?.retries?.[cause] ?? 0).fill(cause))
  return { type: 'ordersRead', orders, version: isDropped ? null : version, isDropped, retries }
}
