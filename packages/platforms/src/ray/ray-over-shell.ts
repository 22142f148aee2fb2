import type { Socket } from 'node:net'
import { Agent, type Dispatcher } from 'undici'
import type { RemoteShell } from '../remote-shell.ts'

// A dashboard is asked a few things side by side; each connection is a channel of the one to the login node.
const mostConnections = 8

/** HTTP to what the login node reaches, such as a head's dashboard: the addresses of the requests are as it knows them. */
export function openRayOverShell(shell: RemoteShell): Dispatcher {
  return new Agent({
    connections: mostConnections,
    connect({ hostname, port }, callback) {
      shell.dial({ host: hostname, port: Number(port) }).then(
        // Of a socket undici needs no more than that it is a stream.
        (stream) => callback(null, stream as Socket),
        (error: Error) => callback(error, null)
      )
    }
  })
}
