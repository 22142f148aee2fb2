import type { Job } from './job.ts'
import type { NeedsStand } from './job-event.ts'
import type { Transition } from './reduce-job.ts'

/** The reason of a job that may never begin, because of how one ended that it needs. */
export const needNotMet = 'need-not-met'

/**
 * Whether a job may not begin before other ones have ended. Until then nothing is done for it on its platform, so nothing
 * else that it could wait for is told either.
 */
export function waitsForNeed({ state, waiting }: Pick<Job, 'state' | 'waiting'>): boolean {
  return state.kind === 'preparing' && waiting === 'need'
}

/** What becomes of a job that is prepared when it hears how it stands with its needs; null when it may never begin. */
export function takeNeeds(job: Job, stand: NeedsStand): Transition | null {
  if (stand.kind === 'not-met') return null
  const isWaiting = stand.kind === 'waiting'
  if (isWaiting === waitsForNeed(job)) return { job, effects: [], reason: null }
  return isWaiting
    ? { job: { ...job, waiting: 'need' }, effects: [], reason: stand.words }
    : { job: { ...job, waiting: null }, effects: ['prepare'], reason: null }
}
