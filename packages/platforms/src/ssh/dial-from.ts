import { Duplex } from 'node:stream'
import { UnavailableError } from '@lautta/core/errors'
import type { Client, ClientChannel } from 'ssh2'
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
    return wrap(client, channel)
  } catch (error) {
    giveBack()
    throw explain(error, `${host}:${port}`)
  }
}

function openChannel(client: Client, host: string, port: number): Promise<ClientChannel> {
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

/** ssh2 lets a channel of a lost connection end as if all had been said, and forgets who waits for a write when it closes. */
function wrap(client: Client, channel: ClientChannel): Duplex {
  let written: (() => void) | null = null
  let isClosed = false
  const lost = () => stream.destroy(new Error('the connection to the login node was lost'))
  const stream = new Duplex({
    read: () => void channel.resume(),
    write(chunk, _encoding, done) {
      if (isClosed) return done(new Error('the other end has closed the connection'))
      written = done
      channel.write(chunk, () => {
        written = null
        done()
      })
    },
    final(done) {
      if (!isClosed) channel.end()
      done()
    },
    destroy(error, done) {
      client.removeListener('close', lost)
      channel.resume().close()
      done(error)
    }
  })
  client.once('close', lost)
  channel.on('data', (chunk: Buffer) => {
    if (!stream.destroyed && !stream.push(chunk)) channel.pause()
  })
  channel.once('end', () => stream.destroyed || stream.push(null))
  channel.once('close', () => {
    isClosed = true
    written?.()
  })
  // An unheard error would end our process; whoever reads or writes sees the end.
  for (const one of [channel, stream]) one.on('error', () => {})
  return stream
}

function explain(error: unknown, where: string): Error {
  if (error instanceof UnavailableError) return error
  const { message, reason } = error as Error & { reason?: number }
  if (reason !== administrativelyProhibited) {
    return new UnavailableError(`${where} can not be reached from the login node: ${message}`, { cause: error })
  }
  return new UnavailableError(`the login node forwards no connections to ${where}`, {
    cause: error,
    hint: 'its sshd has AllowTcpForwarding off or PermitOpen set: `remote-forward` in the configuration is another way'
  })
}
