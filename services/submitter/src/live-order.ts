import { isDeepStrictEqual } from 'node:util'
import type { OrderDocument } from '@lautta/core/documents/order-document'
import type { RequestDocument } from '@lautta/core/documents/request-document'
import type { HistoryEntry, StatusDocument } from '@lautta/core/documents/status-document'
import { describeChange } from '@lautta/core/job/describe-change'
import { declareJob, type Job } from '@lautta/core/job/job'
import type { JobEffect, JobEvent } from '@lautta/core/job/job-event'
import { reduceJob } from '@lautta/core/job/reduce-job'
import type { BegunTry } from '@lautta/core/object-names'
import { createSequence } from './in-turn.ts'
import { OutdatedOrderError } from './session-ports.ts'

type Status = Omit<StatusDocument, 'hmac'>

/** An order on one platform, as the submitter that holds the lease knows it. */
export interface LiveOrder {
  readonly request: RequestDocument
  readonly status: Status
  orders: readonly OrderDocument[]
  /** Submissions that were begun, as the store knows them. */
  tries: readonly BegunTry[]
  /** The newest order object that was read, and how many there were, also such as are not to be believed. */
  lastOrder: string | null
  orderCount: number
  /**
   * Tells a job what happened: reduces, saves, and only then answers what to do next. News of an attempt that is not the
   * present one any more (`ofAttempt`) are passed over.
   */
  feed(index: number, event: JobEvent, ofAttempt?: number): Promise<JobEffect[]>
  /** The fence under which something may be written for this order; throws when nothing may be. */
  fence(): number
  /** Nothing is saved of it any more, also by effects that are still under way. */
  abandon(): void
  /** Saves what we know again, over a late write of somebody who had lost the lease. */
  saveAgain(): Promise<void>
}

export interface LiveOrderOptions {
  request: RequestDocument
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
export function createLiveOrder({ request, platform, saved, save, fence, now, onHistory }: LiveOrderOptions): LiveOrder {
  const { jobs: requested = [] } = request.request.platforms[platform] ?? {}
  let status: Status = saved ?? {
    schema: 1,
    id: request.id,
    platform,
    fence: 0,
    sequence: 0,
    jobs: requested.map((_job, index) => declareJob(index)),
    history: []
  }
  let isAbandoned = false
  const ownFence = (): number => {
    if (isAbandoned) throw new OutdatedOrderError(`${request.id} was loaded anew`)
    return fence()
  }
  // One change at a time: each is built on the one that was saved before it.
  const inTurn = createSequence()

  // Counted on also when a write fails, because it may have arrived all the same.
  let sequence = status.sequence
  const store = async (change: Partial<Status>): Promise<void> => {
    const next = { ...status, ...change, fence: ownFence(), sequence }
    await save(next)
    status = next
  }

  return {
    request,
    orders: [],
    tries: [],
    lastOrder: null,
    orderCount: 0,
    get status() {
      return status
    },
    fence: ownFence,
    abandon() {
      isAbandoned = true
    },
    feed: (index, event, ofAttempt) =>
      inTurn(async () => {
        const before = status.jobs[index]
        if (before === undefined || (ofAttempt ?? before.attempt) !== before.attempt) return []
        const at = now().toISOString()
        const { job, effects, reason } = reduceJob(before, event, at)
        const change = describeChange(before, job, reason)
        if (change === null && isDeepStrictEqual(before, job)) return effects
        sequence++
        const line: HistoryEntry | null = change && { sequence, at, by: 'submitter', ...change }
        await store({ jobs: replace(status.jobs, job), history: line === null ? status.history : [...status.history, line] })
        if (line !== null) onHistory(line)
        return effects
      }),
    saveAgain: () =>
      inTurn(() => {
        sequence++
        return store({})
      })
  }
}

function replace(jobs: readonly Job[], job: Job): Job[] {
  return jobs.map((other) => (other.index === job.index ? job : other))
}
