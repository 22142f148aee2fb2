import type { SpendingLimit } from '../billing/spending-limit.ts'
import type { OrderDocument } from '../documents/order-document.ts'
import type { StatusDocument } from '../documents/status-document.ts'
import { declareJob, isFinished, type Job } from '../job/job.ts'
import { foldOrders, startedAttempt } from '../job/orders.ts'
import type { Complaint } from './complaints.ts'
import type { JobRequest, Orchestration, PlatformRequest } from './dictionary.ts'
import type { ClusterJob } from './stand-of-cluster.ts'

/** A request as it counts now: one of the REST API, or of an adopted one the newest version that could be read. */
export interface AcceptedRequest {
  id: string
  createdAt: string
  warnings: readonly string[]
  request: Orchestration
  /** Which version of an adopted request this is; null for one of the REST API, and when no version could be read. */
  version: number | null
  /** What is wrong with the newest version of an adopted request; empty when it counts. */
  errors: readonly Complaint[]
  /** Orders that follow from an adopted request; they are written one by one, so some may not be there yet. */
  orders?: readonly (Pick<OrderDocument, 'order' | 'attempt'> & { platform?: string | undefined; index?: number | undefined })[]
}

/** All that is known of an order. */
export interface KnownOrder {
  request: AcceptedRequest
  /** Versions of an adopted request that do not count any more, as far as a job still goes by them. */
  earlier: ReadonlyMap<number, Orchestration>
  orders: readonly OrderDocument[]
  statuses: ReadonlyMap<string, Omit<StatusDocument, 'hmac'>>
  /** Jobs of other orders, by the order's id, on whose Ray clusters Ray jobs of this one are to run. */
  otherClusters?: ReadonlyMap<string, readonly ClusterJob[]>
}

/** A job of an order, with what is asked of it. */
export interface KnownJob {
  platform: string
  job: Job
  part: PlatformRequest
  request: JobRequest
}

/**
 * The part of the request by which a job on a platform goes: of an adopted one its own version, once it was taken up.
 * Undefined when there is none, and when that version could not be read: never does a job go by another one.
 */
export function partOf(
  { request, earlier }: Pick<KnownOrder, 'request' | 'earlier'>,
  platform: string,
  { version }: Pick<Job, 'version'>
): PlatformRequest | undefined {
  const isPresent = version === null || version === request.version
  const { platforms = {} } = (isPresent ? request.request : earlier.get(version)) ?? {}
  return Object.hasOwn(platforms, platform) ? platforms[platform] : undefined
}

/** The most that an order may cost on each platform, by the version of the request by which a job goes; undefined: no limit. */
export function limitOf(
  { request, earlier }: Pick<KnownOrder, 'request' | 'earlier'>,
  { version }: Pick<Job, 'version'>
): SpendingLimit | undefined {
  return (version === null || version === request.version ? request.request : earlier.get(version))?.limit
}

/** Whether the request as it counts now has this job. */
export function isNamed(known: Pick<KnownOrder, 'request' | 'earlier'>, platform: string, index: number): boolean {
  return partOf(known, platform, { version: null })?.jobs[index] !== undefined
}

/** The parts of an order by platform: those of its request, and of platforms where only jobs of an earlier version are. */
export function partsOf(known: KnownOrder): Map<string, PlatformRequest> {
  const parts = new Map(Object.entries(known.request.request.platforms))
  for (const platform of known.statuses.keys()) {
    const [first] = parts.has(platform) ? [] : jobsOf(known, platform)
    if (first !== undefined) parts.set(platform, first.part)
  }
  return parts
}

/**
 * The jobs of an order on a platform; those at which the submitter has not looked, as declared. One that was dropped
 * from an adopted request before it was taken up is none any more.
 */
export function jobsOf(known: KnownOrder, platform: string): KnownJob[] {
  const saved = known.statuses.get(platform)?.jobs ?? []
  const { jobs: requested = [] } = partOf(known, platform, { version: null }) ?? {}
  const declared = requested.slice(saved.length).map((_job, offset) => declareJob(saved.length + offset))
  return [...saved, ...declared].flatMap((job) => {
    // A job whose own version can't be read is shown, and can be stopped, by the words that count now.
    const part = partOf(known, platform, job) ?? partOf(known, platform, { version: null })
    const request = part?.jobs[job.index]
    return part === undefined || request === undefined ? [] : [{ platform, job, part, request }]
  })
}

/** The jobs of an order on all its platforms. */
export function allJobsOf(known: KnownOrder): KnownJob[] {
  return [...partsOf(known).keys()].flatMap((platform) => jobsOf(known, platform))
}

/** Whether a job has ended, and no start stands that the submitter has not taken in yet. */
export function isJobOver(
  known: Pick<KnownOrder, 'request' | 'earlier' | 'orders'>,
  { platform, job }: Pick<KnownJob, 'platform' | 'job'>
): boolean {
  if (!isFinished(job)) return false
  const isForGood = job.state.outcome === 'completed' || !isNamed(known, platform, job.index)
  return isForGood || startedAttempt(foldOrders(known.orders, [], platform, job.index)) <= job.attempt
}
