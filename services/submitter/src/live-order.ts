import { isDeepStrictEqual } from 'node:util'
import type { OrderDocument } from '@lautta/core/documents/order-document'
import type { HistoryEntry, SeenStatus, StatusDocument } from '@lautta/core/documents/status-document'
import { describeChange } from '@lautta/core/job/describe-change'
import { type Attempt, declareJob, type Job } from '@lautta/core/job/job'
import type { JobEffect, JobEvent } from '@lautta/core/job/job-event'
import { reduceJob } from '@lautta/core/job/reduce-job'
import type { BegunTry } from '@lautta/core/object-names'
import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import type { AcceptedRequest } from '@lautta/core/orchestration/known-order'
import { groupSaves } from './group-saves.ts'
import { OutdatedOrderError } from './session-ports.ts'

type Status = Omit<StatusDocument, 'hmac'>

/** An order on one platform, as the submitter that holds the lease knows it. */
export interface LiveOrder {
  readonly id: string
  /** The request as it counts now, and versions of it by which jobs go. */
  readonly request: AcceptedRequest
  readonly earlier: Map<number, Orchestration>
  readonly status: Status
  /** Statuses on other platforms on which jobs here need one, as they were seen last. */
  readonly elsewhere: Map<string, SeenStatus & { etag: string | null }>
  orders: readonly OrderDocument[]
  /** Submissions that were begun, as the store knows them. */
  tries: readonly BegunTry[]
  /** The newest order object that was read, and how many there were, also such as are not to be believed. */
  lastOrder: string | null
  orderCount: number
  /** Takes in a newer version of the request: jobs that it adds are declared. */
  take(request: AcceptedRequest): Promise<void>
  /**
   * Tells a job what happened: reduces, saves (several together, when they come together), and only then answers what to
   * do next. News of an attempt, or of a version of its request, or of a try, that is not the present one any more (`of`)
   * are passed over.
   */
  feed(index: number, event: JobEvent, of?: Pick<Attempt, 'attempt' | 'version' | 'state'>): Promise<JobEffect[]>
  /** The fence under which something may be written for this order; throws when nothing may be. */
  fence(): number
  /** Nothing is saved of it any more, also by effects that are still under way. */
  abandon(): void
  /** Saves what we know again, over a late write of somebody who had lost the lease. */
  saveAgain(): Promise<void>
}

export interface LiveOrderOptions {
  request: AcceptedRequest
  platform: string
  /** What was saved before; null for an order that nobody has looked at. */
  saved: StatusDocument | null
  /** Saves the document; throws when it is not surely saved. */
  save(status: Status): Promise<void>
  fence(): number
  now(): Date
  /** Told of each line that was added to the history. */
  onHistory(line: HistoryEntry): void
}

/** Loads an order; what was saved is continued. */
export function createLiveOrder(options: LiveOrderOptions): LiveOrder {
  const { platform, saved, save, fence, now, onHistory } = options
  let { request } = options
  const { id } = request
  const earlier = new Map<number, Orchestration>()
  const declareFrom = (start: number): Job[] =>
    (request.request.platforms[platform]?.jobs ?? []).slice(start).map((_job, offset) => declareJob(start + offset))
  const first: Status = saved ?? { schema: 1, id, platform, fence: 0, sequence: 0, jobs: declareFrom(0), history: [] }
  let isAbandoned = false
  const ownFence = (): number => {
    if (isAbandoned) throw new OutdatedOrderError(`${id} was loaded anew`)
    return fence()
  }
  const saves = groupSaves(first, async (status) => {
    const next = { ...status, fence: ownFence() }
    await save(next)
    return next
  })
  // Counted on also when a write fails, because it may have arrived all the same.
  let sequence = first.sequence
  const change = (parts: Partial<Status>): Promise<void> => saves.change({ ...saves.latest(), ...parts, sequence: ++sequence })

  return {
    id,
    earlier,
    elsewhere: new Map(),
    orders: [],
    tries: [],
    lastOrder: null,
    orderCount: 0,
    get request() {
      return request
    },
    get status() {
      return saves.saved()
    },
    fence: ownFence,
    abandon() {
      isAbandoned = true
    },
    async take(next) {
      const { jobs } = saves.latest()
      // A listing may fall back to an older version.
      if (request.version !== null && next.version !== null && next.version < request.version) return
      if (request.version !== null && request.version !== next.version) earlier.set(request.version, request.request)
      request = next
      for (const version of earlier.keys()) if (!jobs.some((job) => job.version === version)) earlier.delete(version)
      const added = declareFrom(jobs.length)
      if (added.length > 0) await change({ jobs: [...jobs, ...added] })
    },
    async feed(index, event, of) {
      const { jobs, history } = saves.latest()
      const before = jobs[index]
      if (before === undefined || isOutdated(before, of)) return []
      const at = now().toISOString()
      const { job, effects, reason } = reduceJob(before, event, at)
      const told = describeChange(before, job, reason)
      // What it was before may not be saved yet.
      if (told === null && isDeepStrictEqual(before, job)) return saves.settled().then(() => effects)
      // Not twice in a row: a request that is put again and again would fill the history.
      const former = history.findLast((line) => line.index === index)
      const isTold = before.attempt === job.attempt && told !== null && isDeepStrictEqual(told, former && wordsOf(former))
      const words = isTold ? null : told
      const line: HistoryEntry | null = words && { sequence: sequence + 1, at, by: 'submitter', ...words }
      await change({ jobs: replace(jobs, job), history: line === null ? history : [...history, line] })
      if (line !== null) onHistory(line)
      return effects
    },
    saveAgain: () => change({})
  }
}

function wordsOf({ index, from, to, reason }: HistoryEntry): ReturnType<typeof describeChange> {
  return { index, from, to, reason }
}

function isOutdated({ attempt, version, state }: Job, of?: Pick<Attempt, 'attempt' | 'version' | 'state'>): boolean {
  if (of === undefined) return false
  const isOtherTry = state.kind === 'submitting' && of.state.kind === 'submitting' && state.try !== of.state.try
  return isOtherTry || of.attempt !== attempt || of.version !== version
}

function replace(jobs: readonly Job[], job: Job): Job[] {
  return jobs.map((other) => (other.index === job.index ? job : other))
}
