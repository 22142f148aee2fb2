import type { Job } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import { type RemoteCommand, runCommand } from '@lautta/platforms/run-command'
import { createSequence } from '../in-turn.ts'
import type { LiveOrder } from '../live-order.ts'
import type { CheckWorkspaces } from './check-workspaces.ts'
import { type PerformEffect, waitForPause } from './job-work.ts'
import { prepareVenv } from './prepare-venv.ts'
import { sendFiles } from './send-files.ts'

/**
 * Makes ready what the job needs. The jobs of an order share it, so they are prepared one after the other, and what the
 * first one sent is not sent again: that one may be reading it.
 */
export function createPrepare(checkWorkspaces: CheckWorkspaces): PerformEffect {
  const preparations = new WeakMap<LiveOrder, { inTurn: ReturnType<typeof createSequence>; prepared: Set<string> }>()
  return (work) => {
    const { order, job } = work
    const { inTurn, prepared } = preparations.get(order) ?? { inTurn: createSequence(), prepared: new Set<string>() }
    preparations.set(order, { inTurn, prepared })
    const keyOf = ({ version, attempt }: Job) => `${version}/${attempt}`
    return inTurn(async (): Promise<JobEvent | null> => {
      if (work.isBackingOff()) return null
      const waiting = await waitForPause(work)
      if (waiting !== null) return waiting
      if (!work.platform.shell.isOpen()) await runCommand(work.platform.shell, reach)
      const isShared = order.status.jobs.some((other) => keyOf(other) === keyOf(job) && other.preparedAt !== null)
      if (!isShared && !prepared.has(keyOf(job))) {
        await checkWorkspaces(work)
        await prepareVenv(work)
        await sendFiles(work)
        prepared.add(keyOf(job))
      }
      return { type: 'prepared' }
    })
  }
}

// Asked first where there is no connection yet, even when nothing is to be sent: as long as no sbatch was begun, a stop needs no platform to be honoured.
const reach: RemoteCommand<void> = { argv: ['true'], parse: () => {} }
