import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey } from '@lautta/core/derive-key'
import type { EndedTask } from '@lautta/core/ended-task'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import { listAll, readObject } from '@lautta/object-store/read-object'
import { connectRedis, type Redis, waitForRedis } from '@lautta/queue/connect-redis'
import { createEndedTasks } from '@lautta/queue/ended-tasks'
import { createLogger } from '@lautta/runtime/logger'
import { readTable } from '@lautta/tables/read-table'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { until } from '../../../test/support/until.ts'
import { type TasksOptions, writeTasks } from '../src/write-tasks.ts'

const spanMs = 60_000
let server: RedisServer
let redis: Redis
let root: string
let options: TasksOptions
beforeAll(async () => {
  server = await startRedis()
  redis = connectRedis(server)
  await waitForRedis(redis, 5000)
})
beforeEach(async () => {
  await redis.flushall()
  root = await mkdtemp(join(tmpdir(), 'lautta-tasks-'))
  const store = createFolderStore(root)
  const management = createManagement({
    ...{ store, bucketPrefix: 'mlch', documentKey: deriveKey('a master key', 'documents') },
    slugOf: (user) => user,
    onIgnored: () => {}
  })
  options = {
    ...{ store, management, users: [{ name: 'a' }, { name: 'b' }], tasks: createEndedTasks(redis), spanMs },
    logger: createLogger('info', join(root, 'log')),
    signal: new AbortController().signal
  }
  return () => rm(root, { recursive: true })
})
afterAll(async () => {
  redis?.disconnect()
  await server?.stop()
})

/** Tells of a task as if it had ended so many spans ago, in the middle of one. */
const tell = async (user: string, spansAgo: number, more: Partial<EndedTask> = {}): Promise<void> => {
  const toldMs = Math.floor(Date.now() / spanMs - spansAgo) * spanMs + spanMs / 2
  const task: EndedTask = {
    ...{ name: 'reconcile', state: 'completed', receivedMs: toldMs - 1500, startedMs: toldMs - 1000, endedMs: toldMs - 250 },
    ...{ user, platform: 'local', orchestration: null, index: null, attempt: null, reason: null, ...more }
  }
  await redis.xadd('lautta:ended-tasks', `${toldMs}-*`, 'task', JSON.stringify(task))
}
/** Rows of all parts of a user, oldest part first. */
const rowsOf = async (user: string) => {
  const { store, management } = options
  const parts = await listAll(store, management.bucketOf(user), 'ARTIFACTS/TASKS/')
  return Promise.all(parts.map(async ({ path }) => readTable((await readObject(store, management.bucketOf(user), path))!).rows))
}
const log = async () => {
  const text = await readFile(join(root, 'log'), 'utf8')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}

describe('TASKS', () => {
  it('has a part for each user and span of time that is over, and leaves the present one', async () => {
    await tell('a', 2)
    await tell('a', 2, { state: 'failed', reason: 'lumi is away', platform: 'lumi' })
    await tell('b', 2, { name: 'collect', orchestration: '01', index: 3, attempt: 2 })
    await tell('a', 1)
    await options.tasks.tell({ ...(await options.tasks.readBefore(Number.MAX_SAFE_INTEGER))[0]!.task, platform: 'now' })
    await writeTasks(options)
    const [first, second, ...others] = await rowsOf('a')
    expect(first).toHaveLength(2)
    expect(first).toMatchObject([{ state: 'completed' }, { state: 'failed', reason: 'lumi is away', platform: 'lumi' }])
    expect([second?.length, others]).toEqual([1, []])
    const [[row] = []] = await rowsOf('b')
    const { received, started, ended, runtime, ...rest } = row!
    expect(rest).toEqual({
      ...{ name: 'collect', state: 'completed', platform: 'local', orchestration: '01', 'job-index': 3, attempt: 2, reason: null }
    })
    expect([Number(started) - Number(received), Number(ended) - Number(started), runtime]).toEqual([0.5, 0.75, 0.75])
    const left = await options.tasks.readBefore(Number.MAX_SAFE_INTEGER)
    expect(left.map(({ task }) => task.platform)).toEqual(['now'])
  })
  it('has no row twice, and loses none, when the monitor is killed after it wrote and before it let all tasks go', async () => {
    for (const user of ['a', 'a', 'b']) await tell(user, 1)
    const script = `import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import { connectRedis } from '@lautta/queue/connect-redis'
import { createEndedTasks } from '@lautta/queue/ended-tasks'
import { writeTasks } from './src/write-tasks.ts'
const store = createFolderStore(${JSON.stringify(root)})
const management = createManagement({ store, bucketPrefix: 'mlch', documentKey: Buffer.alloc(32), slugOf: (user) => user, onIgnored() {} })
const tasks = createEndedTasks(connectRedis({ url: ${JSON.stringify(server.url)} }))
const forget = async ([first]) => {
  await tasks.forget([first])
  process.kill(process.pid, 'SIGKILL')
}
const logger = { info() {}, warn: console.error }
await writeTasks({ store, management, users: [{ name: 'a' }, { name: 'b' }], tasks: { ...tasks, forget }, spanMs: ${spanMs}, logger, signal: new AbortController().signal })`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      ...{ cwd: new URL('..', import.meta.url).pathname, stdio: 'inherit' }
    })
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
    expect([(await rowsOf('a')).flat().length, (await rowsOf('b')).length]).toEqual([2, 0])
    await writeTasks(options)
    expect([(await rowsOf('a')).flat().length, (await rowsOf('b')).flat().length]).toEqual([2, 1])
    expect(await redis.xlen('lautta:ended-tasks')).toBe(0)
  })
  it('has no row twice when two monitors write it, nor when they do it again', async () => {
    for (let count = 0; count < 50; count++) await tell(count % 2 === 0 ? 'a' : 'b', 3 - Math.floor(count / 17))
    await Promise.all([writeTasks(options), writeTasks(options)])
    await writeTasks(options)
    expect([(await rowsOf('a')).flat().length, (await rowsOf('b')).flat().length]).toEqual([25, 25])
  })
  it('of one user waits while that bucket can not be written, and others do not', async () => {
    await tell('a', 1)
    await tell('b', 1)
    const { store } = options
    const isAway = (bucket: string) => bucket.endsWith('-a')
    const failing = {
      ...store,
      // A bucket that the store refuses.
      head: (bucket: string, path: string) => (isAway(bucket) ? Promise.reject(new Error('full')) : store.head(bucket, path))
    }
    await writeTasks({ ...options, store: failing })
    expect([await rowsOf('a'), (await rowsOf('b')).flat().length]).toEqual([[], 1])
    expect(await until(log)).toMatchObject([{ level: 40, user: 'a', error: 'full' }])
    await writeTasks(options)
    expect((await rowsOf('a')).flat().length).toBe(1)
  })
  it('is given up after a day, and leaves out who is no user any more', async () => {
    await redis.xadd('lautta:ended-tasks', `${Date.now() - 25 * 3600 * 1000}-0`, 'task', '{}')
    await tell('c', 1)
    await writeTasks(options)
    expect(await rowsOf('c')).toEqual([])
    expect(await redis.xlen('lautta:ended-tasks')).toBe(0)
  })
})
