import { CredentialsError, UnavailableError } from '@lautta/core/errors'
import type { Question } from '@lautta/core/messages'
import { Queue } from 'bullmq'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { until } from '../../../test/support/until.ts'
import { leaveAnswer } from '../src/answers.ts'
import { type Asker, createAsker } from '../src/ask.ts'
import { connectRedis, waitForRedis } from '../src/connect-redis.ts'
import { consumeAsk } from '../src/consume-ask.ts'
import type { Consumer } from '../src/queues.ts'

let server: RedisServer
let asker: Asker
beforeAll(async () => {
  server = await startRedis()
  asker = createAsker(server)
})
afterAll(async () => {
  await asker?.close()
  await server?.stop()
})

const consumers: Consumer[] = []
const consume = (handle: Parameters<typeof consumeAsk>[2]): void => void consumers.push(consumeAsk(server, 4, handle))
afterEach(async () => {
  for (const consumer of consumers.splice(0)) await consumer.close()
})

const activeQuestions = async (): Promise<number> => {
  const redis = connectRedis(server)
  await waitForRedis(redis, 5000)
  const active = await redis.llen('lautta:ask:active')
  redis.disconnect()
  return active
}
const aboutPlatform = (platform: string): Question => ({ kind: 'probe', user: 'u', platform })

describe('a question', () => {
  it('is answered by whoever takes it, and nothing of it stays in Redis', async () => {
    consume(async ({ platform }) => ({ answer: { platform } }))
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((platform) => asker.ask(aboutPlatform(platform), z.object({ platform: z.string() })))
    )
    expect(answers).toEqual([{ platform: 'a' }, { platform: 'b' }, { platform: 'c' }])
    const redis = connectRedis(server)
    await waitForRedis(redis, 5000)
    expect([await redis.keys('lautta:ask:????????-*'), await redis.keys('lautta:answer:*')]).toEqual([[], []])
    redis.disconnect()
  })
  it('leaves little in Redis, however large its answer is', async () => {
    const text = 'x'.repeat(1_000_000)
    consume(async () => ({ answer: text }))
    for (let count = 0; count < 5; count++) expect(await asker.ask(aboutPlatform('p'), z.string())).toBe(text)
    const redis = connectRedis(server)
    await waitForRedis(redis, 5000)
    const sizes = await Promise.all((await redis.keys('*')).map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)))
    expect(sizes.length).toBeGreaterThan(0)
    expect(sizes.reduce((sum: number, size) => sum + Number(size), 0)).toBeLessThan(200_000)
    redis.disconnect()
  })
  it('leaves an answer that ends by itself where nobody takes it away', async () => {
    const redis = connectRedis(server)
    await waitForRedis(redis, 5000)
    await leaveAnswer(redis, 'a-question', 'late')
    expect(await redis.pttl('lautta:answer:a-question')).toBeGreaterThan(0)
    redis.disconnect()
  })
  it('goes back until the process that holds the lease takes it', async () => {
    const taken: string[] = []
    consume(async () => {
      taken.push('other')
      return 'elsewhere'
    })
    const asked = asker.ask(aboutPlatform('p'), z.string())
    await until(() => taken.length >= 2)
    consume(async () => {
      taken.push('holder')
      return { answer: 'from the holder' }
    })
    expect(await asked).toBe('from the holder')
    expect(taken.filter((who) => who === 'holder')).toHaveLength(1)
  })
  it('fails in the words of who was asked, without those of an unexpected error', async () => {
    consume(async ({ platform }) => {
      if (platform === 'lumi') throw new CredentialsError('u has no credential for lumi', { hint: 'put one there' })
      throw new TypeError('x is not a function')
    })
    const error = await asker.ask(aboutPlatform('lumi'), z.string()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: 'u has no credential for lumi', hint: 'put one there' })
    expect(error).toBeInstanceOf(UnavailableError)
    await expect(asker.ask(aboutPlatform('p'), z.string())).rejects.toThrow('something unexpected happened')
  })
  it('that nobody answers in time fails, and is not answered any more', async () => {
    const hasty = createAsker(server, 300)
    await expect(hasty.ask(aboutPlatform('p'), z.string())).rejects.toThrow(/nobody answered for p in 0.3 s/)
    await hasty.close()
    const seen: string[] = []
    consume(async ({ platform }) => {
      seen.push(platform)
      return { answer: 'yes' }
    })
    await asker.ask(aboutPlatform('next'), z.string())
    expect(seen).toEqual(['next'])
  })
  it('is given up when its asker waits no more, and its work is told', async () => {
    const hasty = createAsker(server, 300)
    const reasons: string[] = []
    consume((_question, signal) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason.message))
      return new Promise(() => {})
    })
    await expect(hasty.ask(aboutPlatform('p'), z.string())).rejects.toThrow(UnavailableError)
    await until(() => reasons.length > 0)
    expect(reasons).toEqual(['p did not answer in time'])
    await hasty.close()
  })
  it('that waited in the queue for longer than its asker is not answered', async () => {
    const redis = connectRedis(server)
    await waitForRedis(redis, 5000)
    const queue = new Queue('ask', { connection: redis, prefix: 'lautta' })
    await queue.add('ask', { question: aboutPlatform('late'), untilMs: Date.now() - 1 }, { removeOnComplete: true })
    const seen: string[] = []
    consume(async ({ platform }) => {
      seen.push(platform)
      return { answer: 'yes' }
    })
    await asker.ask(aboutPlatform('next'), z.string())
    expect(seen).toEqual(['next'])
    await queue.close()
    redis.disconnect()
  })
  it('is rejected when who answers ends, which waits for no answer', async () => {
    const closing = consumeAsk(server, 4, () => new Promise(() => {}))
    const asked = asker.ask(aboutPlatform('p'), z.string()).catch((thrown: unknown) => thrown)
    await until(async () => (await activeQuestions()) > 0)
    await closing.close()
    expect(await asked).toMatchObject({ message: 'this part of Lautta is ending', hint: 'ask again soon' })
  })
  it('fails at once while Redis is away, and is answered when it is there again', async () => {
    consume(async () => ({ answer: 'yes' }))
    await asker.ask(aboutPlatform('p'), z.string())
    await server.kill()
    const begun = performance.now()
    await expect(asker.ask(aboutPlatform('p'), z.string())).rejects.toThrow(UnavailableError)
    expect(performance.now() - begun).toBeLessThan(15_000)
    await server.restart()
    const answer = await until(() => asker.ask(aboutPlatform('p'), z.string()).catch(() => null))
    expect(answer).toBe('yes')
  })
})
