import type { Environment } from '@lautta/core/documents/environment-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { createSequence } from './in-turn.ts'
import type { LiveOrder } from './live-order.ts'
import type { SessionPorts } from './session-ports.ts'

const nothing: Environment = {
  ...{ directory: null, languages: [], modules: [], foundAt: null },
  ...{ workspaces: [], allocations: [], unreadableLines: [], workspacesFoundAt: null },
  ...{ partitions: null, partitionsFoundAt: null }
}

/** The document of what a user finds on a platform, as it was read or written last. */
export function createKeptEnvironment({ user, known, management }: Pick<SessionPorts, 'user' | 'known' | 'management'>) {
  const inTurn = createSequence()
  let environment: Environment | null = null
  let isSaved = true

  const read = async (): Promise<Environment | null> => {
    // Found anew, one that only a newer version can read is written over: nothing is lost.
    environment ??= await leaveUnreadable(management.readEnvironment(user, known.name))
    return environment
  }

  return {
    /** As it was found last, also by another process; null when nobody has looked yet. */
    read,

    /** Another holder of the lease may have found it since. */
    reset(): void {
      environment = null
    },

    /** Writes down what was found since, under an order's lease; one change after the other. */
    change: (order: LiveOrder, find: (before: Environment) => Environment | Promise<Environment>): Promise<Environment> =>
      inTurn(async () => {
        const before = (await read()) ?? nothing
        const found = await find(before)
        if (found !== before) isSaved = false
        environment = found
        if (isSaved) return found
        order.fence()
        await management.writeEnvironment(user, known.name, found)
        isSaved = true
        return found
      })
  }
}
