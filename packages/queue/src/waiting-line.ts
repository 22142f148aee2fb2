import type { Redis } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'

const forgetMs = 24 * 3600 * 1000

// Who asked lately waits; of those the one goes first who was served longest ago, and never before all others.
const askScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], now)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
local mine = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
local asked = redis.call('HGETALL', KEYS[1])
local place = 1
for at = 1, #asked, 2 do
  if asked[at] ~= ARGV[1] and now - tonumber(asked[at + 1]) < tonumber(ARGV[2]) then
    place = 2
    local theirs = tonumber(redis.call('HGET', KEYS[2], asked[at]) or '0')
    if theirs < mine or (theirs == mine and asked[at] < ARGV[1]) then return 0 end
  end
end
return place`

const servedScript = `
local time = redis.call('TIME')
redis.call('HSET', KEYS[2], ARGV[1], time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])`

/** Where a user stands: with nobody else, before all others, or behind one of them. */
export type PlaceInLine = 'alone' | 'first' | 'behind'
const places: readonly PlaceInLine[] = ['behind', 'alone', 'first']

/** Users who wait for the same room, served in turn. That Redis forgets it costs a turn and nothing else. */
export interface WaitingLine {
  /** Waits in line for so long; answers where this user stands. */
  ask(line: string, user: string, waitMs: number): Promise<PlaceInLine>
  /** The user got what they waited for, and stands last now. */
  serve(line: string, user: string): Promise<void>
}

export function createWaitingLine(redis: Redis): WaitingLine {
  const keysOf = (line: string) => [`lautta:line:${line}:asked`, `lautta:line:${line}:served`]
  return {
    async ask(line, user, waitMs) {
      const found = await withinDeadline(redis.eval(askScript, 2, ...keysOf(line), user, waitMs, forgetMs))
      return places[Number(found)] ?? 'behind'
    },
    async serve(line, user) {
      await withinDeadline(redis.eval(servedScript, 2, ...keysOf(line), user, forgetMs))
    }
  }
}
