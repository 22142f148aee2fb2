import type { Job } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import type { JobRequest, PlatformRequest } from '@lautta/core/orchestration/dictionary'
import type { ClusterJob } from '@lautta/core/orchestration/stand-of-cluster'
import type { ClusterReference } from '@lautta/core/ray/ray-job'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { Platform } from '@lautta/platforms/platform'
import type { KnownPlatform } from '@lautta/platforms/settings'
import type { LiveOrder } from '../live-order.ts'
import type { SessionPorts } from '../session-ports.ts'

/** What an effect needs to act for one job, whatever is asked of it. */
export interface PlatformWork {
  user: string
  known: KnownPlatform
  platform: Platform
  store: ObjectStore
  management: Management
  /** The user's folder of secrets. */
  secretsFolder: string
  order: LiveOrder
  job: Job
  /** Writes down, for ever, that a submission begins; throws when that is not sure. */
  beginTry(number: number): Promise<void>
  /** Whether the platform failed a moment ago and is left in peace. */
  isBackingOff(): boolean
  /** Why nothing new is begun on the platform for the user; null when it may be. */
  findPause(): Promise<string | null>
  logger: Pick<SessionPorts['logger'], 'error'>
  /** The job that starts a Ray cluster, as far as it is known. */
  findClusterJob(reference: ClusterReference): Promise<ClusterJob | undefined>
  /** Tells the user something that changes no state. */
  notice(words: string): Promise<void>
}

/** What an effect needs that goes by the request. */
export interface JobWork extends PlatformWork {
  /** What is asked of the job, and for all jobs of the order on this platform. */
  request: JobRequest
  part: PlatformRequest
}

/** An effect: does what is owed to a job, once more if need be, and answers what happened. */
export type PerformEffect<Work extends PlatformWork = JobWork> = (work: Work) => Promise<JobEvent | null>

/** While the platform is paused, what that means for a job for which something new would begin; null when it is not. */
export async function waitForPause({ findPause }: Pick<PlatformWork, 'findPause'>): Promise<JobEvent | null> {
  const reason = await findPause()
  return reason === null ? null : { type: 'waited', on: 'platform', reason }
}

/** The token of the job's present attempt. */
export function tokenOf({ user, management, order, known, job: { index, attempt } }: PlatformWork): string {
  return management.tokenOf(user, { id: order.id, platform: known.name, index, attempt })
}

/** When the present attempt was ordered: nothing of it was submitted before. */
export function orderedAt({ order, job }: PlatformWork): Date {
  return new Date(job.startOrderedAt ?? order.request.createdAt)
}
