import type { Redis } from './connect-redis.ts'

// Longer than anybody waits for an answer.
const keptMs = 60_000
const keyOf = (questionId: string): string => `lautta:answer:${questionId}`

/** Leaves an answer in a key of its own, which ends by itself: what stands in a queue's events stays there for long. */
export async function leaveAnswer(redis: Redis, questionId: string, answer: unknown): Promise<void> {
  await redis.set(keyOf(questionId), JSON.stringify(answer), 'PX', keptMs)
}

/** Takes an answer away; null when there is none, or none any more. */
export async function takeAnswer(redis: Redis, questionId: string): Promise<unknown> {
  const left = await redis.getdel(keyOf(questionId))
  return left === null ? null : JSON.parse(left)
}

/** The time by Redis' clock, which is the same for who asks and who answers. */
export async function redisTimeMs(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time()
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
}
