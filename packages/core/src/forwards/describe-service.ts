import type { ForwardTarget } from '../documents/forward-document.ts'

/** What of a cluster is brought near: a service, and of metrics whose. */
export type ForwardedService = Pick<ForwardTarget, 'service' | 'node'>

/** A service of a cluster, for people to read. */
export function describeService({ service, node }: ForwardedService): string {
  return service === 'metrics' ? `metrics of node ${node}` : service
}
