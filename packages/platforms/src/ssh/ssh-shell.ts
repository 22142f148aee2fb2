import { randomBytes } from 'node:crypto'
import { UnavailableError } from '@lautta/core/errors'
import { createLimit } from '../limit-concurrency.ts'
import type { RemoteProcess, RemoteShell } from '../remote-shell.ts'
import { commandLine } from './command-line.ts'
import { dialFrom } from './dial-from.ts'
import { type ConnectionKeeper, keepConnection } from './keep-connection.ts'
import type { SshTarget } from './open-connection.ts'
import { openProcess, type ProcessRequest } from './open-process.ts'

/** How one connection is used. */
export interface SshLimits {
  /** Sessions at once. */
  maxChannels?: number
  /** An older connection takes no new commands. */
  maxAgeSeconds?: number
}

const connectionsTried = 3

/**
 * A shell over one kept SSH connection, opened when it is first needed and again after it was lost: to the first of the
 * hosts that answers.
 */
export function createSshShell(target: SshTarget, { maxChannels = 4, maxAgeSeconds = 4 * 3600 }: SshLimits = {}): RemoteShell {
  const limits = { command: createLimit(maxChannels), file: createLimit(Math.max(1, Math.floor(maxChannels / 2))) }
  const connection = keepConnection(target, maxAgeSeconds)
  return {
    async start(argv, lane = 'command') {
      const marker = `lautta-${randomBytes(8).toString('hex')}`
      const line = commandLine(argv, marker)
      // A file waits for its turn without holding a place among the commands.
      const releases = lane === 'file' ? [await limits.file()] : []
      releases.push(await limits.command())
      const release = () => {
        for (const one of releases) one()
      }
      try {
        return await startSomewhere(connection, { line, marker, onEnd: release })
      } catch (error) {
        release()
        throw error
      }
    },
    dial: (address) => dialFrom(connection, address),
    isOpen: connection.isOpen,
    close: () => connection.close()
  }
}

/** A connection may be full for long: sshd counts commands that nobody waits for any more. A new one has room. */
async function startSomewhere(connection: ConnectionKeeper, request: ProcessRequest): Promise<RemoteProcess> {
  for (let left = connectionsTried; left > 0; left--) {
    const { client, giveBack, retire } = await connection.take()
    const onEnd = () => {
      giveBack()
      request.onEnd()
    }
    try {
      const started = await openProcess(client, { ...request, onEnd })
      if (started !== null) return started
      retire()
      giveBack()
    } catch (error) {
      giveBack()
      throw error
    }
  }
  throw new UnavailableError('the host opens no session for a command', { hint: 'how many may this user have there at once?' })
}
