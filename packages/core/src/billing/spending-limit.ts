import { z } from 'zod'
import type { Attempt, Job } from '../job/job.ts'
import { isFinished } from '../job/job.ts'
import { parseArray } from '../job/task-set.ts'

const units = z.number().nonnegative().optional()

/** The most that the jobs of an order may cost on each platform, by their estimates. */
export const spendingLimitSchema = z
  .strictObject({ 'cpu-bu': units, 'gpu-bu': units })
  .refine((limit) => limit['cpu-bu'] !== undefined || limit['gpu-bu'] !== undefined, 'give cpu-bu, gpu-bu or both')
  .describe('of the estimates of its jobs together, on each platform by itself: a job that goes beyond fails before sbatch')
export type SpendingLimit = z.output<typeof spendingLimitSchema>

/** What an attempt may cost, as it was estimated before it was submitted. */
export type JobEstimate = NonNullable<Attempt['estimate']>

const unitNames = [
  ['cpu-bu', 'cpuBu', 'CPU BU'],
  ['gpu-bu', 'gpuBu', 'GPU BU']
] as const

/** What the attempts of an order on a platform may cost together that were submitted, or are about to be, but for one; each as often as it ran. */
export function sumEstimates(jobs: readonly Job[], but?: Pick<Job, 'index' | 'attempt'>): JobEstimate {
  const counted = jobs
    .flatMap((job) => [...job.earlier, job].map((attempt) => ({ index: job.index, attempt })))
    .filter(({ index, attempt }) => index !== but?.index || attempt.attempt !== but.attempt)
    // What was never submitted costs nothing.
    .filter(({ attempt }) => !isFinished(attempt) || attempt.state.slurmJobId !== null)
  const costs = counted.map(({ attempt }) => times(attempt, 1 + Math.max(attempt.restart, countRequeues(attempt))))
  const sum = (unit: keyof JobEstimate) => costs.reduce((all, cost) => all + cost[unit], 0)
  return { cpuBu: sum('cpuBu'), gpuBu: sum('gpuBu') }
}

/** What an attempt may cost when it begins once more by an order, as a whole or one task of it. */
export function estimateRequeued(attempt: Attempt, task: number | null): JobEstimate {
  return times(attempt, 1 + countRequeues(attempt) + shareOf(attempt, task))
}

function times({ estimate }: Attempt, runs: number): JobEstimate {
  return { cpuBu: (estimate?.cpuBu ?? 0) * runs, gpuBu: (estimate?.gpuBu ?? 0) * runs }
}

/** How often it was ordered to begin anew; a task of an array is a part of it. */
function countRequeues(attempt: Attempt): number {
  const done = attempt.controlsDone.filter(({ order, refused }) => order === 'requeue' && refused !== true)
  return done.reduce((sum, { task }) => sum + shareOf(attempt, task), 0)
}

function shareOf({ array }: Attempt, task: number | null): number {
  return task === null ? 1 : 1 / (parseArray(array ?? '')?.tasks.length ?? 1)
}

/** Why a job that may cost so much goes beyond the limit, with the others of its order; null when it does not. */
export function judgeSpending(limit: SpendingLimit, own: JobEstimate, others: JobEstimate): string | null {
  for (const [name, unit, words] of unitNames) {
    const most = limit[name]
    const sum = own[unit] + others[unit]
    // What binary fractions leave behind is no unit.
    if (most === undefined || sum - most < 1e-6) continue
    const before = others[unit] === 0 ? '' : `; with ${tell(others[unit])} of the order's other submissions there, ${tell(sum)}`
    return `it may cost ${tell(own[unit])} ${words}${before}: more than the order's limit of ${tell(most)} (limit.${name})`
  }
  return null
}

function tell(amount: number): string {
  return String(Number(amount.toFixed(2)))
}
