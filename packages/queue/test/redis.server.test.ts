import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { UnavailableError } from '@lautta/core/errors'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startRedis } from '../../../test/servers/redis.ts'
import { until } from '../../../test/support/until.ts'
import { type Change, createChanges, followChanges } from '../src/changes.ts'
import { connectRedis, type Redis, waitForRedis } from '../src/connect-redis.ts'
import { startEmbeddedRedis } from '../src/embedded-redis.ts'
import { createLeases } from '../src/leases.ts'
import { createLocks } from '../src/locks.ts'
import { consumeCollect, consumeReconcile, createQueues, type Queues } from '../src/queues.ts'

type Server = Awaited<ReturnType<typeof startRedis>>
let server: Server
let redis: Redis
beforeAll(async () => {
  server = await startRedis()
  redis = connectRedis(server)
  await waitForRedis(redis, 5000)
})
beforeEach(() => redis.flushall())
afterAll(async () => {
  redis?.disconnect()
  await server?.stop()
})

const pause = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a lease', () => {
  const open = (durationMs: number) => createLeases(redis, { durationMs, waitOnYoungRedis: false })

  it('is held by one, and given out with a higher fence each time', async () => {
    const leases = open(1000)
    const first = await leases.acquire('a', 0)
    expect(await leases.acquire('a', 0)).toBeNull()
    expect(await leases.acquire('b', 0)).not.toBeNull()
    await first?.release()
    const second = await leases.acquire('a', 0)
    expect(second?.fence).toBeGreaterThan(first?.fence ?? 0)
    expect(second?.previousFence).toBe(first?.fence)
    await second?.release()
  })
  it('is renewed for as long as it is held', async () => {
    const leases = open(300)
    const lease = await leases.acquire('a', 0)
    await pause(900)
    expect(lease?.remainingMs()).toBeGreaterThan(0)
    expect(await leases.acquire('a', 0)).toBeNull()
    await lease?.release()
    expect(lease?.remainingMs()).toBe(0)
  })
  it('is lost at once when Redis does not know of it any more', async () => {
    const lease = await open(300).acquire('a', 0)
    await redis.flushall()
    await until(() => lease?.remainingMs() === 0)
    await lease?.release()
  })
  it('never has a lower fence than one that was read, nor than before Redis was emptied', async () => {
    const leases = open(1000)
    const far = Date.now() + 1e9
    const first = await leases.acquire('a', far)
    expect(first?.fence).toBe(far)
    await first?.release()
    expect((await leases.acquire('a', 0))?.fence).toBe(far + 1)
    const before = (await leases.acquire('b', 0))?.fence ?? 0
    await redis.flushall()
    await pause(2)
    expect((await leases.acquire('b', 0))?.fence).toBeGreaterThan(before)
  })
  it('waits one lease time on a Redis that lost its memory, unless we are alone', async () => {
    const leases = createLeases(redis, { durationMs: 400, waitOnYoungRedis: true })
    const begun = performance.now()
    let lease = await leases.acquire('a', 0)
    expect(lease).toBeNull()
    while (lease === null) {
      await pause()
      lease = await leases.acquire('a', 0)
    }
    expect(performance.now() - begun).toBeGreaterThan(350)
    await lease.release()
  })
})

describe('a lock', () => {
  it('lets one work at a time', async () => {
    const locks = createLocks(redis)
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await pause(10)
      inside--
    }
    await Promise.all([1, 2, 3, 4].map(() => locks.withLock('a', work)))
    expect(most).toBe(1)
  })
  it('is given back when the work fails', async () => {
    const locks = createLocks(redis)
    await expect(locks.withLock('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await locks.withLock('a', async () => 'yes')).toBe('yes')
  })
  it('tells the holder when Redis has forgotten it', async () => {
    const locks = createLocks(redis, 300)
    await locks.withLock('forgotten', async (lost) => {
      await redis.flushall()
      await once(lost, 'abort')
    })
  })
  it('is renewed while the work goes on, and not longer', async () => {
    const locks = createLocks(redis, 300)
    const work = async (): Promise<string> => {
      await pause(900)
      return (await redis.get('lautta:lock:a')) === null ? 'lost' : 'held'
    }
    expect(await locks.withLock('a', work)).toBe('held')
    expect(await redis.get('lautta:lock:a')).toBeNull()
  })
})

describe('changes', () => {
  it('are taken once, and remembered anew when they come after that', async () => {
    const changes = createChanges(redis)
    for (const id of ['1', '2', '1']) await changes.remember('u', 'p', id)
    expect((await changes.take('u', 'p')).sort()).toEqual(['1', '2'])
    expect(await changes.take('u', 'p')).toEqual([])
    await changes.remember('u', 'p', '1')
    expect(await changes.take('u', 'other')).toEqual([])
    expect(await changes.take('u', 'p')).toEqual(['1'])
  })
  it('are heard by who follows them, also after Redis was away', async () => {
    const heard: Change[] = []
    const following = followChanges(server, (change) => heard.push(change))
    const changes = createChanges(redis)
    const tellUntilHeard = async (id: string) => {
      while (!heard.some((change) => change.id === id)) {
        await changes.tell({ user: 'u', id }).catch(() => {})
        await pause()
      }
    }
    await tellUntilHeard('1')
    await server.restart()
    await tellUntilHeard('2')
    following.close()
  })
})

describe('the queues', () => {
  let queues: Queues
  beforeEach(() => {
    queues = createQueues(server)
  })
  afterEach(() => queues.close())

  it('bring a nudge to the submitter, and many nudges as one', async () => {
    const handled: unknown[] = []
    for (let count = 0; count < 20; count++) await queues.nudgeReconcile({ user: 'u', platform: 'p' })
    const consumer = consumeReconcile(
      server,
      { concurrency: 4, stalledMs: 30_000 },
      async (message) => void handled.push(message)
    )
    await until(() => handled.length > 0)
    await queues.nudgeReconcile({ user: 'v' })
    await until(() => handled.length > 1)
    await consumer.close()
    expect(handled).toEqual([{ user: 'u', platform: 'p' }, { user: 'v' }])
  })
  it('make one more pass of what is nudged during a pass', async () => {
    let passes = 0
    let inPass = (): void => {}
    const consumer = consumeReconcile(server, { concurrency: 4, stalledMs: 30_000 }, async () => {
      passes++
      if (passes === 1) await new Promise<void>((resolve) => (inPass = resolve))
    })
    await queues.nudgeReconcile({ user: 'u', platform: 'p' })
    await until(() => passes === 1)
    for (let count = 0; count < 5; count++) await queues.nudgeReconcile({ user: 'u', platform: 'p' })
    expect(passes).toBe(1)
    inPass()
    await until(() => passes === 2)
    await pause(200)
    expect(passes).toBe(2)
    await consumer.close()
  })
  it('bring each of two delayed nudges that are due at different times', async () => {
    await queues.nudgeReconcile({ user: 'u', platform: 'p' }, 500)
    await queues.nudgeReconcile({ user: 'u', platform: 'p' }, 1600)
    let passes = 0
    const consumer = consumeReconcile(server, { concurrency: 4, stalledMs: 30_000 }, async () => void passes++)
    await until(() => passes === 2)
    await consumer.close()
  })
  it('keep a clock that ticks, also when it is set again and again', async () => {
    let ticks = 0
    const consumer = consumeReconcile(server, { concurrency: 1, stalledMs: 30_000 }, async () => void ticks++)
    const keeping = setInterval(() => void queues.setClock({ user: 'u' }, 0.2), 20)
    await until(() => ticks >= 3)
    clearInterval(keeping)
    await queues.setClock({ user: 'u' }, null)
    await pause(300)
    const stopped = ticks
    await pause(500)
    expect(ticks).toBe(stopped)
    await consumer.close()
  })
  it('hand on what to collect', async () => {
    const handled: unknown[] = []
    const message = { user: 'u', platform: 'p', id: '1', index: 0, attempt: 1 }
    const consumer = consumeCollect(server, { concurrency: 1, stalledMs: 30_000 }, async (one) => void handled.push(one))
    await queues.askToCollect(message)
    await until(() => handled.length === 1)
    await consumer.close()
    expect(handled).toEqual([message])
  })
  it('fail soon while Redis is away, and work again after', async () => {
    await server.kill()
    const begun = performance.now()
    await expect(queues.nudgeReconcile({ user: 'u' })).rejects.toThrow(UnavailableError)
    expect(performance.now() - begun).toBeLessThan(10_000)
    await server.restart()
    let isDone = false
    while (!isDone) {
      isDone = await queues.nudgeReconcile({ user: 'u' }).then(
        () => true,
        () => false
      )
    }
    while (redis.status !== 'ready') await pause()
  })
})

describe('the embedded Redis', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('ends with the process that started it, when that gets a %s', async (signal) => {
    const script = `import { startEmbeddedRedis } from ${JSON.stringify(new URL('../src/embedded-redis.ts', import.meta.url).href)}
const redis = await startEmbeddedRedis(); console.log(redis.path); setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const [line] = await once(parent.stdout, 'data')
    const client = connectRedis({ path: String(line).trim() })
    await waitForRedis(client, 5000)
    expect(await client.ping()).toBe('PONG')
    parent.kill(signal)
    await until(() => client.status !== 'ready')
    client.disconnect()
  })
  it('is there again, and empty, when somebody killed it', async () => {
    const server = await startEmbeddedRedis()
    const client = connectRedis(server)
    await waitForRedis(client, 5000)
    await client.set('name', 'value')
    const onDisk = [...(await client.config('GET', 'save')), ...(await client.config('GET', 'appendonly'))]
    expect(onDisk, 'nothing is kept on disk').toEqual(['save', '', 'appendonly', 'no'])
    const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1])
    process.kill(pid, 'SIGKILL')
    await until(async () => (await client.get('name').catch(() => 'away')) === null)
    client.disconnect()
    await server.stop()
    expect(existsSync(server.path)).toBe(false)
  })
})
