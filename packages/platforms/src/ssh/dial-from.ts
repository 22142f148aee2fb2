import type { Duplex } from 'node:stream'
import { UnavailableError } from '@lautta/core/errors'
import type { Client } from 'ssh2'
import type { RemoteAddress } from '../remote-shell.ts'
import type { ConnectionKeeper } from './keep-connection.ts'

// Of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254, 5.1): what sshd says when it may not forward at all.
const administrativelyProhibited = 1

/**
 * Opens a TCP connection from the login node on (`direct-tcpip`). It is no session: sshd's MaxSessions does not count it.
 */
export async function dialFrom(connection: ConnectionKeeper, { host, port }: RemoteAddress): Promise<Duplex> {
  const { client, giveBack } = await connection.take()
  try {
    const channel = await openChannel(client, host, port)
    channel.once('close', giveBack)
    // An unheard error would end our process; whoever reads or writes sees the end.
    channel.on('error', () => {})
    return channel
  } catch (error) {
    giveBack()
    throw explain(error, `${host}:${port}`)
  }
}

function openChannel(client: Client, host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new UnavailableError('the connection to the login node was lost'))
    client.once('close', lost)
    client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
      client.removeListener('close', lost)
      if (error === undefined) resolve(channel)
      else reject(error)
    })
  })
}

function explain(error: unknown, where: string): Error {
  if (error instanceof UnavailableError) return error
  const { message, reason } = error as Error & { reason?: number }
  if (reason !== administrativelyProhibited) {
    return new UnavailableError(`${where} can not be reached from the login node: ${message}`, { cause: error })
  }
  return new UnavailableError(`the login node forwards no connections to ${where}`, {
    cause: error,
    hint: 'its sshd has AllowTcpForwarding off or PermitOpen set: try a remote forward'
  })
}
