import { RefusedError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import type { DryRunAnswer, Question } from '@lautta/core/messages'
import { describeCluster } from '@lautta/core/ray/tell-cluster'
import type { Platform } from '@lautta/platforms/platform'
import type { KnownPlatform } from '@lautta/platforms/settings'
import { createCheckLimits } from './effects/check-limits.ts'
import { composeSubmission } from './effects/compose-submission.ts'
import { askPartitions, estimateSubmission, orUnknown } from './effects/limit-spending.ts'
import { hintFor } from './effects/refusal-hints.ts'
import type { KnownLimits } from './known-limits.ts'

type DryRun = Extract<Question, { kind: 'dry-run' }>
type TestedJob = DryRunAnswer['jobs'][number]

// Nobody waits for an answer for longer than half a minute.
const askingMs = 20_000
const mostAtOnce = 4
// In the place of what would tell one attempt from another: nothing is submitted.
const noRight = { token: 'dry-run', try: 0 }

/** Asks the scheduler about each job of an order, with the very submission that it would get, until the signal is given; and estimates what it costs. */
export async function dryRun(
  platform: Platform,
  known: Pick<KnownPlatform, 'account' | 'preamble' | 'ray' | 'remoteForward' | 'partitions' | 'partitionsReadAt' | 'billing'>,
  limits: KnownLimits,
  { jobs, modules, venv, orderName }: DryRun,
  now: () => Date,
  signal: AbortSignal
): Promise<DryRunAnswer> {
  const untilMs = now().getTime() + askingMs
  const { check, explain } = createCheckLimits(limits, known)
  const testJob = async ({ index, ...request }: DryRun['jobs'][number]): Promise<TestedJob> => {
    if (now().getTime() > untilMs) return { index, accepted: null, detail: 'there was no time left to ask about this job' }
    signal.throwIfAborted()
    let estimated: Pick<TestedJob, 'estimate'> = {}
    try {
      if (request.ray) return await testRayJob(platform, index, known.ray !== null)
      const submission = await composeSubmission({ request, modules, venv, orderName }, noRight, known, platform)
      const discovered = await askPartitions(known, limits, platform.scheduler).catch(orUnknown)
      const { estimate } = estimateSubmission(submission, known, discovered)
      if (estimate !== null) estimated = { estimate }
      const notice = await check(platform.scheduler, submission, signal)
      const { isAccepted, words } = await platform.scheduler.testSubmission(submission, signal)
      const hint = isAccepted ? (notice ?? undefined) : ((await explain(platform.scheduler, submission)) ?? hintFor(words))
      return { index, accepted: isAccepted, detail: words, ...hinted(hint), ...estimated }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      return { index, accepted: false, detail: error.message, ...hinted(error.hint), ...estimated }
    }
  }
  return { jobs: await mapLimited(jobs, mostAtOnce, testJob) }
}

/** A cluster that is to begin with the order can't be asked before. */
async function testRayJob(platform: Platform, index: number, isCluster: boolean): Promise<TestedJob> {
  if (!isCluster) return { index, accepted: null, detail: 'its Ray cluster does not run yet' }
  const cluster = await platform.openRay(null)
  return { index, accepted: true, detail: describeCluster(await cluster.describe()) }
}

const hinted = (hint: string | undefined) => (hint === undefined ? {} : { hint })
