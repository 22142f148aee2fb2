import type { EndedTask } from '@lautta/core/ended-task'
import { UnavailableError } from '@lautta/core/errors'
import type { Question } from '@lautta/core/messages'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startRedis } from '../../../test/servers/redis.ts'
import { until } from '../../../test/support/until.ts'
import { createAsker } from '../src/ask.ts'
import { connectRedis, type Redis, waitForRedis } from '../src/connect-redis.ts'
import { type Answering, consumeAsk } from '../src/consume-ask.ts'
import { createEndedTasks, type EndedTasks } from '../src/ended-tasks.ts'
import { type Consumer, consumeCollect, consumeReconcile, createQueues, type Queues } from '../src/queues.ts'

type Server = Awaited<ReturnType<typeof startRedis>>
let server: Server
let redis: Redis
let tasks: EndedTasks
let queues: Queues
let consumer: Consumer
beforeAll(async () => {
  server = await startRedis()
  redis = connectRedis(server)
  tasks = createEndedTasks(redis)
  await waitForRedis(redis, 5000)
})
beforeEach(async () => {
  await redis.flushall()
  queues = createQueues(server)
})
afterEach(async () => {
  await consumer?.close()
  await queues.close()
})
afterAll(async () => {
  redis?.disconnect()
  await server?.stop()
})

const options = { concurrency: 4, stalledMs: 30_000 }
const far = Number.MAX_SAFE_INTEGER
const told = (count: number): Promise<EndedTask[]> =>
  until(async () => {
    const found = await tasks.readBefore(far)
    return found.length >= count ? found.map(({ task }) => task) : null
  })

describe('a task that ended', () => {
  it('is told with whom and what it was about, and when it came, began and ended', async () => {
    const before = Date.now()
    await queues.askToCollect({ user: 'u', platform: 'p', id: '01', index: 2, attempt: 3 })
    consumer = consumeCollect(server, options, () => new Promise((resolve) => setTimeout(resolve, 30)))
    const [task] = await told(1)
    expect(task).toMatchObject({
      ...{
        name: 'collect',
        state: 'completed',
        reason: null,
        user: 'u',
        platform: 'p',
        orchestration: '01',
        index: 2,
        attempt: 3
      }
    })
    const { receivedMs, startedMs, endedMs } = task!
    expect([before, receivedMs, startedMs, endedMs, Date.now()]).toEqual(
      [before, receivedMs, startedMs, endedMs, Date.now()].sort((a, b) => a - b)
    )
    expect(endedMs - startedMs).toBeGreaterThan(25)
  })
  it('has failed when its handler threw: in the words of our own errors, and in none of others', async () => {
    const failures = [new UnavailableError('mahti is away', { hint: 'wait' }), new Error('token=secret')]
    consumer = consumeReconcile(server, options, async ({ user }) => {
      throw failures[Number(user)]
    })
    await queues.nudgeReconcile({ user: '0', platform: 'mahti' })
    await queues.nudgeReconcile({ user: '1' })
    const found = (await told(2)).sort((a, b) => a.user.localeCompare(b.user))
    expect(found.map(({ state, reason, platform }) => [state, reason, platform])).toEqual([
      ['failed', 'mahti is away', 'mahti'],
      ['failed', 'something unexpected happened', null]
    ])
    expect(await redis.keys('lautta:reconcile:*[0-9]'), 'nothing is left of it in the queue').toEqual([])
  })
  it('waits from when it was due, not from when it was sent', async () => {
    consumer = consumeReconcile(server, options, async () => {})
    const sentAtMs = Date.now()
    await queues.nudgeReconcile({ user: 'u', platform: 'p' }, 700)
    const [task] = await told(1)
    expect(task!.receivedMs - sentAtMs).toBeGreaterThanOrEqual(700)
    expect(task!.startedMs).toBeGreaterThanOrEqual(task!.receivedMs)
  })
  it('is told once of a question that was first given back, and without what was asked', async () => {
    let asked = 0
    const answer: Answering = async () => (asked++ === 0 ? 'elsewhere' : { answer: 'yes' })
    const consuming = consumeAsk(server, 4, answer)
    consumer = consuming
    const asker = createAsker(server)
    const about = { user: 'u', platform: 'p', orderName: 'x' }
    const question: Question = { kind: 'dry-run', ...about, modules: ['a-secret'], venv: null, jobs: [] }
    expect(await asker.ask(question, z.string())).toBe('yes')
    await asker.close()
    expect(asked).toBe(2)
    expect(await told(1)).toMatchObject([{ name: 'ask', state: 'completed', user: 'u', platform: 'p' }])
    expect(JSON.stringify(await redis.xrange('lautta:ended-tasks', '-', '+'))).not.toContain('a-secret')
  })
  it('has failed when a question could not be answered', async () => {
    consumer = consumeAsk(server, 4, () => Promise.reject(new UnavailableError('nobody is there')))
    const asker = createAsker(server)
    await expect(asker.ask({ kind: 'probe', user: 'u', platform: 'p' }, z.string())).rejects.toThrow('nobody is there')
    await asker.close()
    expect(await told(1)).toMatchObject([{ name: 'ask', state: 'failed', reason: 'nobody is there' }])
  })
})

describe('tasks that ended', () => {
  const task: EndedTask = {
    ...{ name: 'reconcile', state: 'completed', receivedMs: 1, startedMs: 2, endedMs: 3, user: 'u', platform: 'local' },
    ...{ orchestration: null, index: null, attempt: null, reason: null }
  }
  const xadd = (ms: number, text: string) => redis.xadd('lautta:ended-tasks', `${ms}-0`, 'task', text)

  it('are read up to a moment, and go when they were written or are too old', async () => {
    for (let ms = 1; ms <= 2500; ms++) void xadd(ms, JSON.stringify({ ...task, endedMs: ms }))
    await xadd(2501, '{"name":"of a newer Lautta"}')
    const found = await tasks.readBefore(2401)
    expect(found.map(({ toldMs }) => toldMs)).toEqual(Array.from({ length: 2400 }, (_none, at) => at + 1))
    await tasks.forget(found.filter(({ toldMs }) => toldMs > 100).map(({ id }) => id))
    expect((await tasks.readBefore(far)).length).toBe(200)
    await tasks.forgetBefore(2450)
    expect((await tasks.readBefore(far)).map(({ task }) => task.endedMs)).toEqual(
      Array.from({ length: 51 }, (_none, at) => at + 2450)
    )
  })
  it('take less than 30 MB, however many there are', async () => {
    const script = "for _ = 1, 101000 do redis.call('XADD', KEYS[1], '*', 'task', ARGV[1]) end"
    const long = { ...task, startedMs: Date.now(), orchestration: 'x'.repeat(26), reason: 'it did not answer' }
    await redis.eval(script, 1, 'lautta:ended-tasks', JSON.stringify(long))
    await tasks.tell(task)
    expect(await redis.xlen('lautta:ended-tasks')).toBeLessThan(100_200)
    expect(Number(await redis.memory('USAGE', 'lautta:ended-tasks', 'SAMPLES', 0))).toBeLessThan(30_000_000)
  })
  it('cost nothing else while Redis is away', async () => {
    await server.kill()
    await tasks.tell(task)
    await server.restart()
    await until(async () => (await tasks.nowMs().catch(() => 0)) > 0)
  })
})
