import { declareJob, type Job, type JobState } from '../src/job/job.ts'
import type { Ending, JobEvent } from '../src/job/job-event.ts'
import type { ControlOrder, JobOrders } from '../src/job/orders.ts'

export const at = '2026-11-20T12:00:00.000Z'
export const orderedAt = '2026-11-20T11:59:00.000Z'
export const ended: Ending = { outcome: 'failed', exitCode: 3, reason: 'FAILED, exit code 3', startedAt: at, endedAt: at }

export function orders(given: {
  starts?: number[]
  stops?: number[]
  tries?: [number, number][]
  controls?: ControlOrder[]
}): Extract<JobEvent, { type: 'ordersRead' }> {
  const dated = (attempts: number[] = []) => new Map(attempts.map((attempt) => [attempt, orderedAt]))
  const tries = new Map(given.tries?.map(([attempt, number]) => [attempt, { try: number }]))
  return {
    type: 'ordersRead',
    orders: { starts: dated(given.starts), stops: dated(given.stops), controls: given.controls ?? [], tries } satisfies JobOrders
  }
}

export function job(state: JobState, more: Partial<Job> = {}): Job {
  return { ...declareJob(0), startOrderedAt: orderedAt, state, ...more }
}

export const submitting = job({ kind: 'submitting', try: 1, answerLost: false })
export const queued = job({ kind: 'queued', slurmJobId: '7', reason: 'Priority' })
export const running = job({ kind: 'running', slurmJobId: '7' }, { startedAt: at })
export const finishing = job({ kind: 'finishing', slurmJobId: '7', outcome: 'failed', exitCode: 3, reason: 'FAILED' })
export const finished = job(
  { kind: 'finished', slurmJobId: '7', outcome: 'failed', exitCode: 3, reason: 'FAILED', collecting: 'owed' },
  { endedAt: at }
)
export const completed = job(
  { kind: 'finished', slurmJobId: '7', outcome: 'completed', exitCode: 0, reason: null, collecting: 'stored' },
  { endedAt: at }
)
export const refused = { outcome: 'failed', slurmJobId: null, exitCode: null, collecting: 'stored' }
