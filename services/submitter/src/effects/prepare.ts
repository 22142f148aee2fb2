import type { Job } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import { createSequence } from '../in-turn.ts'
import type { LiveOrder } from '../live-order.ts'
import type { CheckWorkspaces } from './check-workspaces.ts'
import { type PerformEffect, waitForPause } from './job-work.ts'
import { type AwaitedBuild, createPrepareVenv } from './prepare-venv.ts'
import { sendFiles } from './send-files.ts'

/** How far an attempt at an order, by one version of its request, is prepared. */
interface Preparation {
  awaited: AwaitedBuild
  /** Whether there was room for it. */
  isAdmitted: boolean
  /** Where files were sent. */
  sent: Set<string>
  areFilesSent: boolean
  isDone: boolean
}

/**
 * Makes ready what the job needs. The jobs of an order share it, so they are prepared one after the other, and what the
 * first one sent is not sent again: that one may be reading it.
 */
export function createPrepare(checkWorkspaces: CheckWorkspaces, now: () => Date): PerformEffect {
  const prepareVenv = createPrepareVenv(now)
  const orders = new WeakMap<LiveOrder, { inTurn: ReturnType<typeof createSequence>; byKey: Map<string, Preparation> }>()
  return (work) => {
    const { order, job } = work
    const { inTurn, byKey } = orders.get(order) ?? { inTurn: createSequence(), byKey: new Map<string, Preparation>() }
    orders.set(order, { inTurn, byKey })
    const keyOf = ({ version, attempt }: Job) => `${version}/${attempt}`
    const preparation = byKey.get(keyOf(job)) ?? {
      awaited: { number: null },
      isAdmitted: false,
      sent: new Set<string>(),
      areFilesSent: false,
      isDone: false
    }
    byKey.set(keyOf(job), preparation)
    return inTurn(async (): Promise<JobEvent | null> => {
      if (work.isBackingOff()) return null
      const waiting = await waitForPause(work)
      if (waiting !== null) return waiting
      // Even when nothing is to be sent: as long as no sbatch was begun, a stop needs no platform to be honoured.
      await work.platform.reach()
      const isShared = order.status.jobs.some((other) => keyOf(other) === keyOf(job) && other.preparedAt !== null)
      if (!isShared && !preparation.isDone) {
        // What was sent counts as used by then: who has begun goes on.
        if (!preparation.isAdmitted) await checkWorkspaces(work)
        preparation.isAdmitted = true
        if (!preparation.areFilesSent) {
          await sendFiles(work, preparation.sent)
          preparation.areFilesSent = true
        }
        // After the files, of which one may name its packages. It is built by a process of the platform: this asks how it
        // stands, and a later pass asks again.
        const unready = await prepareVenv(work, preparation.awaited)
        if (unready !== null) return unready
        preparation.isDone = true
      }
      return { type: 'prepared' }
    })
  }
}
