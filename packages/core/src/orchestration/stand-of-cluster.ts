import type { Job } from '../job/job.ts'
import type { NeedsStand } from '../job/job-event.ts'

/** A job that starts a Ray cluster, and whether it is over: neither a retry nor a newer start of it stands. */
export interface ClusterJob {
  job: Job
  isOver: boolean
}

/** Whether a Ray job may begin on the cluster that a job starts; undefined is a job of which nothing is known. */
export function standOfCluster(name: string, cluster: ClusterJob | undefined): NeedsStand {
  if (cluster === undefined) return { kind: 'waiting', words: `the Ray cluster ${name} has not begun` }
  const { state } = cluster.job
  if (state.kind === 'running') return { kind: 'met' }
  if (state.kind !== 'finished') return { kind: 'waiting', words: `the Ray cluster ${name} is ${state.kind}` }
  if (!cluster.isOver) return { kind: 'waiting', words: `the Ray cluster ${name} is to run again` }
  const why = state.reason === null ? '' : ` (${state.reason})`
  return { kind: 'not-met', words: `the Ray cluster ${name} ended ${state.outcome}${why}` }
}
