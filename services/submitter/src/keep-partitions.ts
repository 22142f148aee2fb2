import type { DiscoveredLimits } from '@lautta/core/platform/limits'
import { fromWire } from '@lautta/core/wire'
import type { KnownEnvironment } from './known-environment.ts'
import type { LiveOrder } from './live-order.ts'

const keptForMs = 24 * 60 * 60 * 1000

/** Keeps what a platform told of its partitions, once a day: so who asks what a job costs need not ask the platform. */
export async function keepPartitions(
  { keepAlso }: Pick<KnownEnvironment, 'keepAlso'>,
  order: LiveOrder,
  { partitions, readAt }: DiscoveredLimits
): Promise<void> {
  await keepAlso(order, (before) => {
    const { partitionsFoundAt: foundAt } = before
    if (foundAt !== null && readAt.getTime() - Date.parse(foundAt) < keptForMs) return before
    return { ...before, partitions: fromWire([...partitions]), partitionsFoundAt: readAt.toISOString() }
  })
}
