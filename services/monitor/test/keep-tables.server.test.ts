import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement, type Management } from '@lautta/object-store/management'
import { listAll } from '@lautta/object-store/read-object'
import { connectRedis, type Redis } from '@lautta/queue/connect-redis'
import { createEndedTasks } from '@lautta/queue/ended-tasks'
import { createLogger } from '@lautta/runtime/logger'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { until } from '../../../test/support/until.ts'
import { keepTables, type TablesOptions } from '../src/keep-tables.ts'

let server: RedisServer
let redis: Redis
let root: string
let management: Management
let options: TablesOptions
beforeEach(async () => {
  server = await startRedis()
  redis = connectRedis(server)
  root = await mkdtemp(join(tmpdir(), 'lautta-tables-'))
  const store = createFolderStore(root)
  management = createManagement({
    store,
    bucketPrefix: 'mlch',
    documentKey: Buffer.alloc(32),
    slugOf: (user) => user,
    onIgnored: () => {}
  })
  const users = ['a', 'b'].map((name) => ({ name, slug: name }))
  const logger = createLogger('info', join(root, 'log'))
  options = { store, management, users, tasks: createEndedTasks(redis), everyMs: 100, logger }
})
afterEach(async () => {
  redis.disconnect()
  await server.stop()
  await rm(root, { recursive: true })
})

const request = orchestrationSchema(['lumi']).parse({ name: 'x', platforms: { lumi: { jobs: [{ script: 'x' }] } } })
const post = (user: string) =>
  management.writeRequest(user, {
    schema: 1,
    id: '1',
    user,
    createdAt: new Date().toISOString(),
    bodySha256: '',
    warnings: [],
    request
  })
const partsOf = async (bucket: string, prefix: string) => (await listAll(options.store, bucket, prefix)).map(({ path }) => path)

it('both tables are written again and again, from when Redis answers, until it is closed', async () => {
  const tables = keepTables(options)
  await post('a')
  await until(async () => (await partsOf('mlch-for-air', 'AUDIT/2')).length === 1)
  const about = { platform: 'p', orchestration: null, index: null, attempt: null, reason: null }
  await options.tasks.tell({
    name: 'reconcile',
    state: 'completed',
    receivedMs: 1,
    startedMs: 2,
    endedMs: 3,
    user: 'b',
    ...about
  })
  await until(async () => (await partsOf('mlch-sub-air-b', 'ARTIFACTS/TASKS/')).length === 1)
  await post('b')
  await until(async () => (await partsOf('mlch-for-air', 'AUDIT/2')).length === 2)
  expect(await readFile(join(root, 'log'), 'utf8').catch(() => '')).toBe('')
  await tables.close()
})
it('one that fails holds up neither the other nor other users, and is told', async () => {
  await post('a')
  await post('b')
  const readAuditMark = (user: string) => (user === 'a' ? Promise.reject(new Error('away')) : management.readAuditMark(user))
  await server.kill()
  const tables = keepTables({ ...options, management: { ...management, readAuditMark } })
  await until(async () => (await partsOf('mlch-for-air', 'AUDIT/2')).length === 1)
  const told = await until(() => readFile(join(root, 'log'), 'utf8'))
  await tables.close()
  const lines = told
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  expect(lines.slice(0, 2)).toMatchObject([
    { table: 'TASKS', user: null, error: expect.stringContaining('Redis') },
    { table: 'AUDIT', user: 'a', error: 'away' }
  ])
})
it('what is being written when it is closed is waited for, and nothing is begun after', async () => {
  let begun = 0
  let goOn = (): void => {}
  const readAuditMark = async () => {
    begun++
    await new Promise<void>((resolve) => (goOn = resolve))
    return null
  }
  const tables = keepTables({ ...options, management: { ...management, readAuditMark } })
  await until(() => begun === 1)
  let isClosed = false
  const closing = tables.close().then(() => (isClosed = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(isClosed).toBe(false)
  goOn()
  await closing
  expect(begun).toBe(1)
})
