import { connectPatientRedis, type Redis, type RedisAddress } from './connect-redis.ts'

// Longer than anybody waits for an answer.
const keptMs = 60_000
const channel = 'lautta:answered'
const keyOf = (questionId: string): string => `lautta:answer:${questionId}`

/** Leaves an answer in a key of its own, which ends by itself, and tells that it is there. */
export async function leaveAnswer(redis: Redis, questionId: string, answer: unknown): Promise<void> {
  await redis.set(keyOf(questionId), JSON.stringify(answer), 'PX', keptMs)
  await redis.publish(channel, questionId)
}

/** Takes an answer away; null when there is none, or none any more. */
export async function takeAnswer(redis: Redis, questionId: string): Promise<unknown> {
  const left = await redis.getdel(keyOf(questionId))
  return left === null ? null : JSON.parse(left)
}

/** Hears which questions were answered; what is told while Redis is away is not heard. */
export function followAnswers(address: RedisAddress, onAnswer: (questionId: string) => void): { close(): void } {
  const redis = connectPatientRedis(address)
  redis.on('message', (_channel, questionId) => onAnswer(questionId))
  // Repeated by ioredis itself after each reconnect.
  redis.subscribe(channel).catch(() => {})
  return { close: () => redis.disconnect() }
}

/** The time by Redis' clock, which is the same for who asks and who answers. */
export async function redisTimeMs(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time()
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
}
