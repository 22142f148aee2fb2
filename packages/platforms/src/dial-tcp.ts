import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { UnavailableError } from '@lautta/core/errors'
import type { RemoteAddress } from './remote-shell.ts'

/** A TCP connection from this machine on. */
export async function dialTcp({ host, port }: RemoteAddress): Promise<Duplex> {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true })
  try {
    await once(socket, 'connect')
  } catch (cause) {
    throw new UnavailableError(`${host}:${port} can not be reached`, { cause })
  }
  // An unheard error would end our process; whoever reads or writes sees the end.
  socket.on('error', () => {})
  return socket
}
