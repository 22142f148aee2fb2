import type { Socket } from 'node:net'
import { LauttaError, UnavailableError } from '@lautta/core/errors'
import { Agent, type Dispatcher } from 'undici'
import type { RemoteShell } from '../remote-shell.ts'
import { withTimeout } from '../run-command.ts'

// A dashboard is asked a few things side by side; each connection is a channel of the one to the login node.
const mostConnections = 8
// sshd itself waits for a node that is gone for minutes.
const dialSeconds = 10

/** HTTP to what the login node reaches, such as a head's dashboard: the addresses of the requests are as it knows them. */
export function openRayOverShell(shell: RemoteShell): Dispatcher {
  return new Agent({
    connections: mostConnections,
    connect({ hostname, port }, callback) {
      const dialled = shell.dial({ host: hostname, port: Number(port) })
      withTimeout(dialled, dialSeconds).then(
        // Of a socket undici needs no more than that it is a stream.
        (stream) => callback(null, stream as Socket),
        (error: Error) => {
          // What comes late nobody wants.
          dialled.then((stream) => stream.destroy()).catch(() => {})
          callback(error instanceof LauttaError ? error : new UnavailableError(error.message, { cause: error }), null)
        }
      )
    }
  })
}
