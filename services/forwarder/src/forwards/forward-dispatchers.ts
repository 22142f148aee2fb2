import { type Dispatcher, Pool } from 'undici'
import type { ForwardBook, KnownForward } from './forward-book.ts'
import type { OpenForwardStream } from './open-forward-stream.ts'

// As many as a browser opens, and room for pages that are not closed.
const mostConnections = 32
const keptMs = 10_000
// A page may compute for long before it answers, and send for days.
const answerMs = 10 * 60_000

/** Speaks HTTP with services that were brought near, over connections that are kept for a while. */
export function createForwardDispatchers(book: Pick<ForwardBook, 'find'>, open: OpenForwardStream) {
  const pools = new Map<string, { pool: Pool; timer: NodeJS.Timeout }>()

  const openPool = ({ id, user }: KnownForward): Pool => {
    return new Pool('http://forward', {
      connections: mostConnections,
      keepAliveTimeout: keptMs,
      headersTimeout: answerMs,
      bodyTimeout: 0,
      connect: (_options, callback) => {
        // Where its port is now.
        book
          .find(user, id)
          .then(open)
          .then(
            (socket) => callback(null, socket),
            (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null)
          )
      }
    })
  }

  return {
    /** Requests of a forward's owner to its service; what can not be reached rejects with an UnavailableError. */
    dispatcherOf(forward: KnownForward): Dispatcher {
      const known = pools.get(forward.id)
      if (known !== undefined) {
        known.timer.refresh()
        return known.pool
      }
      const pool = openPool(forward)
      // Its connections have ended by then.
      const timer = setTimeout(() => {
        pools.delete(forward.id)
        void pool.close()
      }, 6 * keptMs)
      pools.set(forward.id, { pool, timer })
      return pool
    },

    async close(): Promise<void> {
      const open = [...pools.values()]
      pools.clear()
      for (const { timer } of open) clearTimeout(timer)
      await Promise.all(open.map(({ pool }) => pool.destroy()))
    }
  }
}
export type ForwardDispatchers = ReturnType<typeof createForwardDispatchers>
