import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * Carries the bytes of two connections from each to the other, at the pace of whoever reads. Either may end its direction
 * and go on reading; one that breaks breaks the other, and what is over on one side is over on both.
 */
export function joinStreams(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one]
  ] as const) {
    from.on('error', () => breakOff(to))
    from.on('close', () => {
      if (!from.readableEnded) breakOff(to)
      else if (to.writableFinished) to.destroy()
      // What came last is still on its way.
      else to.once('finish', () => to.destroy())
    })
    from.pipe(to)
  }
}

/** A reset tells the other end that this was not all. */
function breakOff(stream: Duplex): void {
  if (stream instanceof Socket) stream.resetAndDestroy()
  else stream.destroy()
}
