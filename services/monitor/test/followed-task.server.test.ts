import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declareJob, type Job } from '@lautta/core/job/job'
import { listPiecesByStream } from '@lautta/object-store/log-pieces'
import { connectRedis, type Redis, waitForRedis } from '@lautta/queue/connect-redis'
import { createFollowedStreams } from '@lautta/queue/followed-streams'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { collectRun } from '../src/collect-run.ts'
import { openPorts } from './open-ports.ts'

let root: string
let server: RedisServer
let redis: Redis
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-followed-task-'))
  server = await startRedis()
  redis = connectRedis(server)
  await waitForRedis(redis, 5000)
})
afterAll(async () => {
  redis?.disconnect()
  await server?.stop()
  await rm(root, { recursive: true })
})

it('a little of what a running task writes is brought when somebody follows that log, and no other', async () => {
  const run = { id: '1', platform: 'local', index: 0, attempt: 1 }
  const streams = createFollowedStreams(redis)
  const state = { kind: 'running', slurmJobId: '20' } as const
  const paths = { outPath: join(root, 'out-%a'), errPath: join(root, 'err-%a') }
  const job: Job = { ...declareJob(0), ...paths, array: '1-2', state }
  const ports = { ...(await openPorts(root, [job], async () => ({ records: [], unreadable: [] }))), findFollowed: streams.find }
  const collect = () => collectRun(ports, { user: 'u', ...run })
  const write = async (text: string) => {
    for (const name of ['out-1', 'out-2', 'err-1']) await writeFile(join(root, name), text)
  }
  await write('first')
  expect(await collect()).toBe('log')
  await write('first, and little more')
  await streams.tell('another user', run, 'out.1')
  await streams.tell('u', { ...run, attempt: 2 }, 'out.1')
  expect(await collect()).toBe('nothing')
  await streams.tell('u', run, 'out.1')
  expect(await collect()).toBe('log')
  const pieces = await listPiecesByStream(ports.store, 'mlch-pipe-u', run)
  expect(Object.fromEntries([...pieces].map(([stream, { length }]) => [stream, length]))).toEqual({
    'err.1': 1,
    'out.1': 2,
    'out.2': 1
  })
  // Nobody is followed for ever because his reader died.
  const [key = ''] = await redis.keys('lautta:followed:*"u"*-1","out.1"*')
  expect(await redis.pttl(key)).toBeGreaterThan(0)
})
