import type { ForwardService } from '@lautta/core/documents/forward-document'
import type { ForwardNews } from '@lautta/core/forwards/forward-status'
import { isFinished, type Job } from '@lautta/core/job/job'
import { findRayService } from '@lautta/platforms/find-ray-service'
import type { Platform } from '@lautta/platforms/platform'
import type { RemoteAddress } from '@lautta/platforms/remote-shell'

/** Where a forward leads to, and of which run of the cluster's job that is true. */
export interface FoundTarget {
  address: RemoteAddress
  attempt: number
  /** SLURM's count of its requeues. */
  restart: number
}

/** As much of a job as tells whether it has a cluster now. */
export type ClusterJob = Pick<Job, 'state' | 'attempt' | 'restart'>

/**
 * Finds where a forward leads to, or how it is instead. What was found before still holds for the same run of the job, while
 * the connection stands that tells so.
 */
export async function findTarget(
  open: () => Promise<Pick<Platform, 'shell'>>,
  service: ForwardService,
  job: ClusterJob | null,
  before: FoundTarget | null
): Promise<FoundTarget | ForwardNews> {
  const run = runOf(job)
  if ('state' in run) return run
  const { shell } = await open()
  const { attempt, restart, slurmJobId } = run
  if (before?.attempt === attempt && before.restart === restart && shell.isOpen()) return before
  const address = await findRayService(shell, slurmJobId, service)
  if (address !== null) return { address, attempt, restart }
  return { state: 'waiting', waiting: 'cluster', reason: 'the Ray cluster has not started yet' }
}

/** The run of a job that is to have a cluster now; else how the forward is. */
function runOf(job: ClusterJob | null): { attempt: number; restart: number; slurmJobId: string } | ForwardNews {
  if (job === null) return { state: 'waiting', waiting: 'cluster', reason: 'the job of the Ray cluster is not known yet' }
  const { state, attempt, restart } = job
  if (isFinished(job) || state.kind === 'finishing') {
    const outcome = 'outcome' in state ? state.outcome : 'ended'
    return { state: 'closed', reason: `the job of the Ray cluster has ended: ${outcome}` }
  }
  if (state.kind === 'running') return { attempt, restart, slurmJobId: state.slurmJobId }
  return { state: 'waiting', waiting: 'cluster', reason: `the job of the Ray cluster is ${state.kind}` }
}
