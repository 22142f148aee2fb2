import { type LogStream, type Run, runName } from '@lautta/core/object-names'
import type { Redis } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'

// Some times longer than between two looks of one who follows.
const keptMs = 60_000
const keyOf = (user: string, run: Run, stream: LogStream) => `lautta:followed:${JSON.stringify([user, runName(run), stream])}`

/** Which logs somebody follows at this moment, for whoever brings them. That Redis forgets it costs time and nothing else. */
export function createFollowedStreams(redis: Redis) {
  return {
    /** Tells that one is followed, which counts for a minute. */
    async tell(user: string, run: Run, stream: LogStream): Promise<void> {
      await withinDeadline(redis.set(keyOf(user, run, stream), '', 'PX', keptMs))
    },
    /** Those of the streams that are followed. */
    async find(user: string, run: Run, streams: readonly LogStream[]): Promise<ReadonlySet<LogStream>> {
      if (streams.length === 0) return new Set()
      const told = await withinDeadline(redis.mget(streams.map((stream) => keyOf(user, run, stream))))
      return new Set(streams.filter((_stream, at) => told[at] !== null))
    }
  }
}
export type FollowedStreams = ReturnType<typeof createFollowedStreams>
