import { UnavailableError } from '@lautta/core/errors'
import { createCommandQueue, type Rank } from './command-queue.ts'

/** How many SLURM commands a service runs for a user on a platform, over whatever connections. */
export interface CommandBudget {
  /** Resolves when so many may begin. */
  take(commands: number, rank: Rank): Promise<void>
  /** Who waits is told that nothing begins any more. */
  close(): void
}

/** For a platform without a limit. */
export const unlimitedCommands: CommandBudget = { take: async () => {}, close: () => {} }

// What a platform may be asked is shared out for ever, so that neither service has to know of the other.
const shares = { submitter: 0.8, monitor: 0.2 }
const burstSeconds = 10

/** The budget of one service out of what a platform allows; it lives as long as the service. */
export function createCommandBudget(commandsPerSecond: number | null, service: keyof typeof shares): CommandBudget {
  if (commandsPerSecond === null) return unlimitedCommands
  const perSecond = commandsPerSecond * shares[service]
  const queue = createCommandQueue({ perSecond, burst: perSecond * burstSeconds }, performance.now())
  let isClosed = false
  let timer: NodeJS.Timeout | undefined

  const beginDue = (): void => {
    clearTimeout(timer)
    const waitMs = queue.beginDue(performance.now())
    if (waitMs !== null) timer = setTimeout(beginDue, Math.ceil(waitMs))
  }

  return {
    take(commands, rank) {
      return new Promise((begin, reject) => {
        const giveUp = () => reject(new UnavailableError('Lautta is ending: SLURM is not asked any more'))
        if (isClosed) return giveUp()
        queue.add(rank, { commands, begin, giveUp })
        beginDue()
      })
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      queue.clear()
    }
  }
}
