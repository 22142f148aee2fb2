import {
  ClusterSilentError,
  CredentialsError,
  LauttaError,
  messageOf,
  PlatformDiskError,
  RefusedError,
  StorageError,
  UnavailableError,
  UnknownOutcomeError
} from '@lautta/core/errors'
import type { Job } from '@lautta/core/job/job'
import type { JobEffect, JobEvent } from '@lautta/core/job/job-event'
import { partOf } from '@lautta/core/orchestration/known-order'
import { findClusterJob } from '@lautta/core/orchestration/stand-of-needs'
import type { ClusterReference } from '@lautta/core/ray/ray-job'
import type { Platform } from '@lautta/platforms/platform'
import type { Admission } from './admission.ts'
import { bringFiles } from './effects/bring-files.ts'
import { createCancel } from './effects/cancel.ts'
import { createCheckAccount } from './effects/check-account.ts'
import { createCheckLimits } from './effects/check-limits.ts'
import { createCheckWorkspaces } from './effects/check-workspaces.ts'
import { control } from './effects/control.ts'
import { createFindSubmission, createLooks } from './effects/find-submission.ts'
import type { PerformEffect, PlatformWork } from './effects/job-work.ts'
import { createLimitSpending } from './effects/limit-spending.ts'
import { createPrepare } from './effects/prepare.ts'
import { prepareRay } from './effects/prepare-ray.ts'
import { createSubmit } from './effects/submit.ts'
import { submitRay } from './effects/submit-ray.ts'
import type { KnownEnvironment } from './known-environment.ts'
import type { KnownLimits } from './known-limits.ts'
import type { LiveOrder } from './live-order.ts'
import { ordersRead } from './orders-read.ts'
import type { OtherClusters } from './other-clusters.ts'
import { LeaseLostError, OutdatedOrderError, type SessionPorts } from './session-ports.ts'

/** Effects that act on the platform for one job. */
type PlatformEffect = Exclude<JobEffect, 'findAccounting' | 'askToCollect'>
/** Those that go by the request; the others do not need to know what is asked of the job. */
type RequestEffect = Exclude<PlatformEffect, 'findSubmission' | 'cancel' | 'control'>

export interface ActingOptions {
  ports: SessionPorts
  platform(): Promise<Platform>
  /** Which submissions may go now. */
  admission: Admission
  /** What the user finds on the platform. */
  environment: KnownEnvironment
  limits: KnownLimits
  /** Told of every failure of the platform, so that it is left in peace for a while; and of every answer. */
  onFailure(error: LauttaError): void
  onAnswer(): void
  /** Told when something was asked of a job on the platform: what comes of it is to be looked for soon. */
  onAsked(): void
  onLeaseLost(error: LeaseLostError): void
  otherClusters: OtherClusters
  askToCollect(order: LiveOrder, index: number): void
  beginTry(order: LiveOrder, job: Job, number: number): Promise<void>
  /** Whether the platform is left in peace: what is owed is begun again after that. */
  isBackingOff(): boolean
}

/**
 * Performs effects in the background, each kind at most once at a time for a job. What comes back is fed to the job as
 * an event, and what the job then owes is performed next.
 */
export function createActing(options: ActingOptions) {
  const { ports, platform } = options
  const { onFailure, onAnswer, onAsked, onLeaseLost, askToCollect, beginTry, isBackingOff, otherClusters } = options
  const underWay = new Map<string, Promise<void>>()
  const performers = createPerformers(options)
  const findSubmission = createFindSubmission(createLooks(), ports.now)
  const { cancel, isDue } = createCancel(ports.now)

  const performOne = async (effect: PlatformEffect, work: PlatformWork): Promise<JobEvent | null> => {
    if (effect === 'findSubmission') return findSubmission(work)
    if (effect === 'cancel') return cancel(work)
    if (effect === 'control') return control(work)
    const part = partOf(work.order, ports.known.name, work.job)
    const request = part?.jobs[work.job.index]
    if (part !== undefined && request !== undefined) return performers[effect]({ ...work, part, request })
    return { type: 'waited', on: 'storage', reason: `version ${work.job.version} of the request can not be read` }
  }

  const act = (order: LiveOrder, index: number, effects: readonly JobEffect[]): void => {
    for (const effect of effects) {
      if (effect === 'askToCollect') askToCollect(order, index)
      // Accounting is asked for all jobs at once: see observe-platform.ts.
      else if (effect !== 'findAccounting') begin(order, index, effect)
    }
  }

  const begin = (order: LiveOrder, index: number, effect: PlatformEffect): void => {
    // Looking for a submission while it is being made would take its right away.
    const kind = effect === 'findSubmission' ? 'submit' : effect
    const key = JSON.stringify([order.id, index, kind])
    if (underWay.has(key)) return
    const work = perform(order, index, effect).then((followUp) => {
      underWay.delete(key)
      if (!isBackingOff()) act(order, index, followUp)
    })
    underWay.set(key, work)
  }

  const perform = async (order: LiveOrder, index: number, effect: PlatformEffect): Promise<JobEffect[]> => {
    const job = order.status.jobs[index]
    if (job === undefined) return []
    try {
      const event = await tryEffect(order, job, effect)
      if (event === null) return []
      const owed = await order.feed(index, event, job)
      // The next control order need not wait for the next pass.
      return event.type === 'controlDone' ? await order.feed(index, ordersRead(order, ports.known.name, index)) : owed
    } catch (error) {
      if (error instanceof LeaseLostError) onLeaseLost(error)
      // Nothing was saved, so the same is owed again in the next pass.
      else ports.logger.warn({ orchestration: order.id, job: index, effect, error: messageOf(error) }, 'not saved')
      return []
    }
  }

  const tryEffect = async (order: LiveOrder, job: Job, effect: PlatformEffect): Promise<JobEvent | null> => {
    const { index } = job
    if (effect === 'cancel' && !isDue({ order, job })) return null
    try {
      const notice = async (words: string): Promise<void> => {
        await order.feed(index, { type: 'noticed', notice: words }, job)
      }
      const begin = (number: number) => beginTry(order, job, number)
      const findCluster = async (reference: ClusterReference) => {
        const statuses = new Map([[ports.known.name, order.status]])
        return findClusterJob({ ...order, statuses, otherClusters: await otherClusters(order) }, ports.known.name, reference)
      }
      const about = { order, job, notice, beginTry: begin, isBackingOff, findClusterJob: findCluster }
      const event = await performOne(effect, { ...ports, ...about, platform: await platform() })
      if (hasAsked(effect, event)) onAnswer()
      if (effect === 'cancel' || effect === 'control') onAsked()
      return event
    } catch (error) {
      if (error instanceof LeaseLostError || error instanceof OutdatedOrderError) throw error
      if (error instanceof ClusterSilentError) return eventOfFailure(effect, error)
      if (error instanceof LauttaError) onFailure(error)
      else ports.logger.error({ orchestration: order.id, job: index, effect, err: error }, 'unexpected failure')
      return eventOfFailure(effect, error)
    }
  }

  return {
    act,
    isBusy: (): boolean => underWay.size > 0,
    /** Resolves when all that is under way has ended. */
    async finish(): Promise<void> {
      while (underWay.size > 0) await Promise.all(underWay.values())
    }
  }
}

export type Acting = ReturnType<typeof createActing>

function createPerformers({ ports, admission, environment, limits }: ActingOptions): Record<RequestEffect, PerformEffect> {
  return {
    prepare: eitherWay(prepareRay, createPrepare(createCheckWorkspaces(environment), ports.now)),
    submit: eitherWay(
      submitRay,
      createSubmit({
        admission,
        checkAccount: createCheckAccount(ports.now),
        limits: createCheckLimits(limits, ports.known),
        limitSpending: createLimitSpending(ports.known, limits, environment),
        mostAtOnce: ports.known.maxChannels
      })
    ),
    bringFiles
  }
}

/** Ray jobs go one way, batch jobs the other. */
function eitherWay(ofRayJobs: PerformEffect, ofBatchJobs: PerformEffect): PerformEffect {
  return (work) => (work.request.ray === undefined ? ofBatchJobs : ofRayJobs)(work)
}

/** Whether the platform surely answered: most of what says nothing gave way and asked nothing. */
function hasAsked(effect: PlatformEffect, event: JobEvent | null): boolean {
  if (event === null) return effect === 'cancel' || effect === 'findSubmission'
  return event.type !== 'waited' && event.type !== 'preparationGoesOn'
}

/** What a failure means for the job. */
export function eventOfFailure(effect: PlatformEffect | 'observe', error: unknown): JobEvent {
  const reason = error instanceof LauttaError && error.hint !== undefined ? `${error.message} (${error.hint})` : messageOf(error)
  if (error instanceof RefusedError && effect === 'prepare') return { type: 'preparationRefused', reason }
  if (error instanceof RefusedError && effect === 'submit') return { type: 'submissionRefused', reason }
  if (error instanceof RefusedError) return { type: 'noticed', notice: reason }
  if (error instanceof UnknownOutcomeError && effect === 'submit') return { type: 'answerLost' }
  if (error instanceof CredentialsError) return { type: 'waited', on: 'credentials', reason }
  if (error instanceof PlatformDiskError) return { type: 'waited', on: 'platform-disk', reason }
  if (error instanceof StorageError) return { type: 'waited', on: 'storage', reason }
  if (error instanceof UnavailableError || error instanceof UnknownOutcomeError) return { type: 'waited', on: 'platform', reason }
  return { type: 'waited', on: 'platform', reason: `internal error: ${reason}` }
}
