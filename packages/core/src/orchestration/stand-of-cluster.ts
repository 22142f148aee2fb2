import type { Job } from '../job/job.ts'
import type { NeedsStand } from '../job/job-event.ts'

/** Whether a Ray job may begin on the cluster that a job starts; undefined is a job of which nothing is known. */
export function standOfCluster(name: string, job: Job | undefined): NeedsStand {
  if (job === undefined) return { kind: 'waiting', words: `the Ray cluster ${name} has not begun` }
  if (job.state.kind === 'running') return { kind: 'met' }
  if (job.state.kind === 'finished' || job.state.kind === 'finishing') {
    const { outcome, reason } = job.state
    return { kind: 'not-met', words: `the Ray cluster ${name} ended ${outcome}${reason === null ? '' : ` (${reason})`}` }
  }
  return { kind: 'waiting', words: `the Ray cluster ${name} is ${job.state.kind}` }
}
