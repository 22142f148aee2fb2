import { isDeepStrictEqual } from 'node:util'
import { readArrayDirective } from '@lautta/core/batch-script'
import type { AskedSubmission } from '@lautta/core/billing/asked-option'
import { type Estimate, estimateJob } from '@lautta/core/billing/estimate-job'
import {
  estimateRequeued,
  type JobEstimate,
  judgeSpending,
  type SpendingLimit,
  sumEstimates
} from '@lautta/core/billing/spending-limit'
import { LauttaError, messageOf } from '@lautta/core/errors'
import type { Job } from '@lautta/core/job/job'
import type { Complaint } from '@lautta/core/orchestration/complaints'
import { limitOf, partOf } from '@lautta/core/orchestration/known-order'
import { venvFolderOf } from '@lautta/core/orchestration/venv-folder-of'
import type { DiscoveredLimits } from '@lautta/core/platform/limits'
import { partitionsNow } from '@lautta/core/platform/tell-partitions'
import type { Scheduler } from '@lautta/platforms/scheduler'
import type { KnownPlatform } from '@lautta/platforms/settings'
import { createSequence } from '../in-turn.ts'
import { keepPartitions } from '../keep-partitions.ts'
import type { KnownEnvironment } from '../known-environment.ts'
import type { KnownLimits } from '../known-limits.ts'
import type { LiveOrder } from '../live-order.ts'
import { knownScript } from './compose-submission.ts'
import type { JobWork } from './job-work.ts'

type Estimated = ReturnType<typeof estimateJob>

/** What a submission may cost, by what its platform says of its partitions, or else by what is known of them here. */
export function estimateSubmission(
  submission: AskedSubmission,
  known: Pick<KnownPlatform, 'partitions' | 'billing'>,
  discovered: DiscoveredLimits | null
): Estimated {
  return estimateJob(submission, { partitions: partitionsNow(known, discovered), billing: known.billing })
}

/** What the platform says of its partitions; null where there is no formula to which that could tell anything. */
export async function askPartitions(
  { billing }: Pick<KnownPlatform, 'billing'>,
  limits: KnownLimits,
  scheduler: Pick<Scheduler, 'findLimits'>
): Promise<DiscoveredLimits | null> {
  return billing.length === 0 ? null : limits.find(scheduler)
}

/** Null instead of why the platform does not answer. */
export function orUnknown(error: unknown): null {
  if (error instanceof LauttaError) return null
  throw error
}

/** Keeps each order within its limit: what a submission may cost is saved with its job before it is made. */
export type LimitSpending = ReturnType<typeof createLimitSpending>

export function createLimitSpending(known: KnownPlatform, limits: KnownLimits, environment: Pick<KnownEnvironment, 'keepAlso'>) {
  const turns = new WeakMap<LiveOrder, ReturnType<typeof createSequence>>()
  const turnOf = (order: LiveOrder) => {
    const turn = turns.get(order) ?? createSequence()
    turns.set(order, turn)
    return turn
  }

  /** Whether the job may be submitted; `refusal` says why not, `absence` why nobody can tell now. `outdated`: it is another one by now. */
  return async (
    work: JobWork,
    submission: AskedSubmission
  ): Promise<'admitted' | 'outdated' | { refusal: string } | { absence: string }> => {
    const { order, job, platform } = work
    const limit = limitHere(order, job, known)
    if (limit === undefined && known.billing.length === 0) return 'admitted'
    // With a limit it is waited for: by less a job could end that is within it, or one could go that is beyond.
    const discovered = await askPartitions(known, limits, platform.scheduler).catch((error: unknown) => {
      if (limit === undefined || !(error instanceof LauttaError)) return orUnknown(error)
      return { absence: messageOf(error) }
    })
    if (discovered !== null && 'absence' in discovered) return discovered
    if (discovered !== null) await keepPartitions(environment, order, discovered)
    const estimated = estimateSubmission(submission, known, discovered)
    const estimate = amountsOf(estimated.estimate)
    // One after the other: what is admitted counts for the next one.
    return turnOf(order)(async () => {
      if (limit !== undefined) {
        const refusal = judge(limit, estimated, sumEstimates(order.status.jobs, job))
        if (refusal !== null) return { refusal }
      }
      const saved = () => order.status.jobs[job.index]
      if (!isDeepStrictEqual(saved()?.estimate, estimate)) await order.feed(job.index, { type: 'estimated', estimate }, job)
      const isSaved = saved()?.attempt === job.attempt && isDeepStrictEqual(saved()?.estimate, estimate)
      return isSaved ? 'admitted' : 'outdated'
    })
  }
}

/**
 * Why a job that is to be prepared can never be submitted within the order's limit, found out without its platform: by its
 * script, as far as that is in the order, and by what it asks for itself, beside what was submitted. Null: that is seen later.
 */
export function refuseBeforehand(order: LiveOrder, job: Job, known: KnownPlatform, submitted: JobEstimate): string | null {
  const limit = limitHere(order, job, known)
  const part = partOf(order, known.name, job)
  const request = part?.jobs[job.index]
  if (limit === undefined || part === undefined || request === undefined || request.ray !== undefined) return null
  const script = knownScript({ request, venv: venvFolderOf(part.configs) }, known)
  if (script === null) return null
  const array = request.array ?? readArrayDirective(script)
  // The next attempt of an array is of fewer tasks.
  if (array !== null && job.earlier.length > 0) return null
  // All that a platform adds to what is asked for makes it dearer.
  const estimated = estimateJob({ script, options: request.options ?? {}, array }, { partitions: [], billing: known.billing })
  const places = estimated.estimate?.partitions ?? [estimated.estimate]
  const hasPrice = places.every((place) => place === null || place.partition === null || place.formula !== null)
  const isOpen = estimated.estimate !== null && hasPrice && amountsOf(estimated.estimate) === null
  return isOpen ? null : judge(limit, estimated, submitted)
}

/** Why a job, or a task of it, may not begin anew by an order: all that it ran before counts as well. Null: it may. */
export function refuseRequeue(order: LiveOrder, job: Job, task: number | null, known: KnownPlatform): string | null {
  const limit = limitHere(order, job, known)
  return limit === undefined ? null : judgeSpending(limit, estimateRequeued(job, task), sumEstimates(order.status.jobs, job))
}

/** Jobs of this machine, and Ray jobs, are not billed. */
function limitHere(order: LiveOrder, job: Job, { kind }: Pick<KnownPlatform, 'kind'>): SpendingLimit | undefined {
  return kind === 'slurm' ? limitOf(order, job) : undefined
}

function judge(limit: SpendingLimit, { estimate, complaints }: Estimated, others: JobEstimate): string | null {
  const own = amountsOf(estimate)
  return own === null ? `${cannotTell}: ${whyUnknown(estimate, complaints)}` : judgeSpending(limit, own, others)
}

const cannotTell = "the order has a limit, and what this job may cost can't be told"

function whyUnknown(estimate: Estimate | null, complaints: readonly Complaint[]): string {
  const places = estimate?.partitions ?? [estimate]
  const open = places.find((place) => place !== null && amountsOf(place) === null) ?? null
  return complaints[0]?.message ?? open?.warnings[0] ?? 'it asks for nothing that has a price'
}

function amountsOf(estimate: Pick<Estimate, 'cpu-bu' | 'gpu-bu'> | null): JobEstimate | null {
  const { 'cpu-bu': cpuBu = null, 'gpu-bu': gpuBu = null } = estimate ?? {}
  return cpuBu === null || gpuBu === null ? null : { cpuBu, gpuBu }
}
