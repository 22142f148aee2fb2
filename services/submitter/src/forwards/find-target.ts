import type { ForwardedService } from '@lautta/core/forwards/describe-service'
import type { ForwardNews } from '@lautta/core/forwards/forward-status'
import { isFinished, type Job } from '@lautta/core/job/job'
import { findServiceInJob, findServiceOf } from '@lautta/platforms/find-ray-service'
import type { Platform } from '@lautta/platforms/platform'
import type { RemoteAddress } from '@lautta/platforms/remote-shell'
import type { KnownPlatform } from '@lautta/platforms/settings'

/** Where a forward leads to; of a cluster inside a job, in which run of it. */
export interface FoundTarget {
  address: RemoteAddress
  run: ClusterRun | null
}

/** A run of a job that is to have a cluster. */
interface ClusterRun {
  attempt: number
  /** SLURM's count of its requeues. */
  restart: number
  slurmJobId: string
}

/** As much of a job as tells whether it has a cluster now. */
type ClusterJob = Pick<Job, 'state' | 'attempt' | 'restart'>

/**
 * Finds where a forward leads to that has a job for its cluster (null: nothing is known of it yet), or how it is instead.
 * What was found before still holds for the same run of the job, while the connection stands.
 */
export async function findTargetInJob(
  platform: Pick<Platform, 'shell' | 'remoteForward'>,
  { index, ...asked }: ForwardedService & { index: number },
  run: ClusterRun,
  before: FoundTarget | null
): Promise<FoundTarget | ForwardNews> {
  const isSame = before?.run?.attempt === run.attempt && before.run.restart === run.restart
  // A tunnel that was opened anew may have other ports.
  if (isSame && platform.shell.isOpen() && platform.remoteForward === null) return before
  const address = await findServiceInJob(platform, run.slurmJobId, asked)
  if (address !== null) return { address, run }
  return { state: 'waiting', waiting: 'cluster', reason: `job ${index} has told of no Ray cluster` }
}

/** The same of a Ray cluster that is the platform itself. */
export async function findTargetOf(
  platform: Pick<Platform, 'reach'>,
  { name, ray }: Pick<KnownPlatform, 'name' | 'ray'>,
  service: ForwardedService
): Promise<FoundTarget | ForwardNews> {
  if (ray === null) return { state: 'closed', reason: `${name} is no Ray cluster in the configuration` }
  const address = findServiceOf(name, ray, service)
  await platform.reach()
  return { address, run: null }
}

/** The run of a job that has a cluster now, or how the forward is. */
export function findRun(job: ClusterJob | null): ClusterRun | ForwardNews {
  if (job === null) return { state: 'waiting', waiting: 'cluster', reason: 'the job of the Ray cluster is not known yet' }
  const { state, attempt, restart } = job
  if (isFinished(job) || state.kind === 'finishing') {
    const outcome = 'outcome' in state ? state.outcome : 'ended'
    return { state: 'closed', reason: `the job of the Ray cluster has ended: ${outcome}` }
  }
  if (state.kind === 'running') return { attempt, restart, slurmJobId: state.slurmJobId }
  return { state: 'waiting', waiting: 'cluster', reason: `the job of the Ray cluster is ${state.kind}` }
}
