import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startRedis } from '../../../test/servers/redis.ts'
import { until } from '../../../test/support/until.ts'
import { connectRedis, type Redis, waitForRedis } from '../src/connect-redis.ts'
import { createWaitingLine, type WaitingLine } from '../src/waiting-line.ts'

let server: Awaited<ReturnType<typeof startRedis>>
let redis: Redis
let line: WaitingLine
beforeAll(async () => {
  server = await startRedis()
  redis = connectRedis(server)
  await waitForRedis(redis, 5000)
  line = createWaitingLine(redis)
})
beforeEach(() => redis.flushall())
afterAll(async () => {
  redis?.disconnect()
  await server?.stop()
})

const longMs = 60_000

describe('users who wait for the same room', () => {
  it('are served one after the other, who was served longest ago first', async () => {
    const served: string[] = []
    while (served.length < 30) {
      for (const user of ['c', 'a', 'b']) {
        if ((await line.ask('lumi', user, longMs)) === 'behind') continue
        served.push(user)
        await line.serve('lumi', user)
        // Redis counts in milliseconds.
        await redis.eval(
          "local t = redis.call('TIME') repeat local n = redis.call('TIME') until n[2] - t[2] > 1500 or n[1] ~= t[1]",
          0
        )
      }
    }
    const counts = ['a', 'b', 'c'].map((user) => served.filter((one) => one === user).length)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  })
  it('let a newcomer go first', async () => {
    expect(await line.ask('lumi', 'a', longMs)).toBe('alone')
    await line.serve('lumi', 'a')
    expect(await line.ask('lumi', 'b', longMs)).toBe('alone')
    expect(await line.ask('lumi', 'a', longMs)).toBe('behind')
    expect(await line.ask('lumi', 'b', longMs)).toBe('first')
  })
  it('do not wait for one who has gone away', async () => {
    await line.ask('lumi', 'b', longMs)
    await line.serve('lumi', 'a')
    expect(await line.ask('lumi', 'a', longMs)).toBe('behind')
    await until(async () => (await line.ask('lumi', 'a', 200)) === 'alone')
  })
  it('wait for nobody in another line', async () => {
    await line.ask('mahti', 'b', longMs)
    await line.serve('lumi', 'a')
    expect(await line.ask('lumi', 'a', longMs)).toBe('alone')
  })
})
