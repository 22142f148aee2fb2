import { messageOf } from '@lautta/core/errors'
import { attemptsToCollect, isTooLateToCollect } from '@lautta/core/job/settled'
import { type Run, runName, timesPath } from '@lautta/core/object-names'
import { describeMissing } from './describe-missing.ts'
import type { LiveOrder } from './live-order.ts'
import type { SessionPorts } from './session-ports.ts'

const firstPauseMs = 2000
const longestPauseMs = 10 * 60 * 1000
const givenUp = 'the log and the accounting could not be brought within a week, and nobody tries any more'

/** Asks the monitor to bring logs and accounting, and sees when they are there. */
export function createCollecting({ user, known, store, management, queues, now, logger }: SessionPorts) {
  const dueByRun = new Map<string, { atMs: number; pauseMs: number }>()

  const ask = (order: LiveOrder, index: number, attempt: number): void => {
    const message = { user, platform: known.name, id: order.id, index, attempt }
    queues
      .askToCollect(message)
      .catch((error: unknown) => logger.warn({ error: messageOf(error) }, 'the monitor could not be asked'))
  }

  const explain = async (run: Run): Promise<string> => {
    const buckets = { pipeline: management.bucketOf(user, 'pipeline'), submitter: management.bucketOf(user) }
    return `${givenUp}: ${await describeMissing(store, buckets, run)}`
  }

  /** Whether it is time to ask again, with pauses that grow. */
  const isDue = (run: string): boolean => {
    const nowMs = now().getTime()
    const { atMs, pauseMs } = dueByRun.get(run) ?? { atMs: nowMs, pauseMs: firstPauseMs }
    if (nowMs < atMs) return false
    dueByRun.set(run, { atMs: nowMs + pauseMs, pauseMs: Math.min(pauseMs * 2, longestPauseMs) })
    return true
  }

  return {
    /** Asks for the present attempt of a job. */
    askNow(order: LiveOrder, index: number): void {
      const job = order.status.jobs[index]
      if (job !== undefined) ask(order, index, job.attempt)
    },

    /** Marks what is stored, asks again for what is not, and for the live log of what runs. */
    async collect(order: LiveOrder, wasHinted: boolean): Promise<void> {
      for (const job of order.status.jobs) {
        if (job.state.kind === 'running') ask(order, job.index, job.attempt)
        for (const attempt of attemptsToCollect(job)) {
          const run = { id: order.id, platform: known.name, index: job.index, attempt }
          // That one job of an order was stored is told for all of them: so all are looked at, and none asked for again.
          const isAsked = isDue(runName(run))
          if (!isAsked && !wasHinted) continue
          // TIMES is written last of all.
          const isStored = (await store.head(management.bucketOf(user, 'pipeline'), timesPath(run))) !== null
          const isGivenUp = !isStored && isTooLateToCollect(job, attempt, now())
          if (isStored || isGivenUp) dueByRun.delete(runName(run))
          if (isStored) await order.feed(job.index, { type: 'storedSeen', attempt })
          else if (isGivenUp) await order.feed(job.index, { type: 'collectingGivenUp', attempt, reason: await explain(run) })
          else if (isAsked) ask(order, job.index, attempt)
        }
      }
    }
  }
}
