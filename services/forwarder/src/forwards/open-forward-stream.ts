import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { messageOf, UnavailableError } from '@lautta/core/errors'
import { mostLineBytes, readPreambleAnswer, writePreamble } from '@lautta/core/forwards/preamble'
import { readFirstLine } from '@lautta/runtime/read-first-line'
import type { KnownForward } from './forward-book.ts'

/** Opens connections to services that were brought near. */
export type OpenForwardStream = (forward: KnownForward) => Promise<Socket>

const longestConnectMs = 5000
// The submitter may have to log in first.
const answerMs = 40_000

/**
 * Connects to the submitter that holds a forward, in its owner's name: from then on the bytes are the service's own. What it
 * throws is an UnavailableError, for the owner to read.
 */
export function createOpenForwardStream(key: Buffer, now: () => Date, connectMs = longestConnectMs): OpenForwardStream {
  return async ({ id, address, state, reason }) => {
    if (state !== 'open' || address === null) throw new UnavailableError(reason ?? `the forward is ${state}`)
    const socket = connect({ ...address, noDelay: true, allowHalfOpen: true })
    try {
      // Not the socket's own: that one would be ended later, too.
      await once(socket, 'connect', { signal: AbortSignal.timeout(connectMs) })
    } catch (cause) {
      socket.destroy()
      const hint = 'it may have moved: try again soon'
      throw new UnavailableError(`the port of the forward does not answer: ${messageOf(cause)}`, { cause, hint })
    }
    // An unheard error would end our process; whoever reads or writes sees the end.
    socket.on('error', () => {})
    socket.write(`${writePreamble(key, id, now())}\n`)
    const line = await readFirstLine(socket, mostLineBytes, answerMs)
    const refusal = line === null ? 'the port of the forward gave no answer' : readPreambleAnswer(line)
    if (refusal === null) return socket
    socket.destroy()
    throw new UnavailableError(refusal)
  }
}
