import { once } from 'node:events'
import { type Attempt, declareJob, type Job, type JobState } from '@lautta/core/job/job'
import { type LogStream, logPath, logPiecePath, type Run, timesPath } from '@lautta/core/object-names'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { createChanges } from '@lautta/queue/changes'
import { connectRedis, type Redis, waitForRedis } from '@lautta/queue/connect-redis'
import { createFollowedStreams } from '@lautta/queue/followed-streams'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { until } from '../../../test/support/until.ts'
import { followLog } from './follow-log.ts'
import { openTestApi, type TestApi } from './open-api.ts'
import { openRawClient } from './raw-client.ts'
import { ended, openSubmitterWrites, running, type SubmitterWrites } from './submitter-writes.ts'

let api: TestApi
let redis: Redis
let submitter: SubmitterWrites
let store: ObjectStore
/** What the forwarder read from logs, in bytes, and what happens before it does. */
let readBytes = 0
let beforeRead = async (_path: string): Promise<void> => {}
/** Where it looked for pieces. */
const looked: string[] = []
beforeAll(async () => {
  api = await openTestApi({ watch: watchLogs })
  redis = connectRedis(api.redis)
  await waitForRedis(redis, 5000)
  submitter = await openSubmitterWrites(api)
  store = openInstallation(api.config, createLogger('silent')).store
})
afterAll(async () => {
  redis?.disconnect()
  submitter?.close()
  await api?.close()
})

function watchLogs(watched: ObjectStore): ObjectStore {
  return {
    ...watched,
    async get(bucket, path, range) {
      if (path.startsWith('LOGS/')) await beforeRead(path)
      const found = await watched.get(bucket, path, range)
      if (path.startsWith('LOGS/')) found?.content.on('data', (chunk: Buffer) => (readBytes += chunk.length))
      return found
    },
    async list(bucket, options) {
      if (options?.prefix?.startsWith('LOGS/')) looked.push(options.prefix)
      return watched.list(bucket, options)
    }
  }
}

let id: string
let run: Run
let url: string
let written: number
const bucket = 'mlch-pipe-local'
const tell = () => createChanges(redis).tell({ user: 'local', id })
const write = (state: Parameters<SubmitterWrites['write']>[2][number]) => submitter.write(id, 'lumi', [state])
/** What the monitor does when a log has grown. */
const put = async (text: string | Buffer, { restart = 0, stream = 'out' as LogStream } = {}): Promise<void> => {
  const bytes = Buffer.from(text)
  await store.put(bucket, logPiecePath(run, stream, restart, written), bytes)
  written += bytes.length
  await tell()
}
/** And when its job has ended. */
const finish = async (whole: string | Buffer): Promise<void> => {
  await store.put(bucket, logPath(run, 'out'), Buffer.from(whole))
  await store.put(bucket, timesPath(run), Buffer.from('all is there'))
  for (const { path } of (await store.list(bucket, { prefix: `LOGS/${id}-lumi-0-1/` })).objects) await store.delete(bucket, path)
  await tell()
}
const oneJob = { name: 'n', platforms: { lumi: { jobs: [{ script: '#!/bin/sh\n' }] } } }
/** How a submitter writes an end that it has seen, before everything is stored. */
const owed = (outcome: 'completed' | 'failed'): JobState => ({ ...ended(outcome), collecting: 'owed' }) as JobState
const completed = { attempt: 1, task: null, outcome: 'completed', 'exit-code': 0, reason: null }
const order = async (job: object = {}): Promise<void> => {
  const body = { name: 'n', platforms: { lumi: { jobs: [{ script: '#!/bin/sh\n', ...job }, { script: '#!/bin/sh\n' }] } } }
  id = (await api.ask('/v1/orchestrations', asJson(body))).json.id
  run = { id, platform: 'lumi', index: 0, attempt: 1 }
  url = `${api.url}/v1/orchestrations/${id}/jobs/lumi/0/log`
  written = 0
}
beforeEach(async () => {
  await order()
  beforeRead = async () => {}
})

describe('a followed log', () => {
  it('comes line by line from before the job began to its end, and says how it ended', async () => {
    const follower = await followLog(url)
    await write(running)
    await put('one\ntwo\r\n\nthr')
    await until(() => follower.events.length === 1)
    expect(follower.events).toEqual([{ id: '10', event: 'message', data: 'one\ntwo\r\n\n' }])
    await put('ee\n')
    await until(() => follower.text().endsWith('three\n'))
    await put('no end')
    await write(owed('completed'))
    // The monitor has not brought all of it yet.
    looked.length = 0
    await until(async () => {
      await tell()
      return looked.length > 2
    })
    expect(follower.events.length).toBe(2)
    await finish('one\ntwo\r\n\nthree\nno end of line')
    expect(await follower.over).toBe(true)
    expect(follower.text()).toBe('one\ntwo\r\n\nthree\nno end of line')
    expect(follower.events.at(-1)).toEqual({ id: '30', event: 'end', data: completed })
  })

  it('goes on behind any event, also after the end, with nothing twice and nothing missing', async () => {
    await write(running)
    await put('first\nsecond ä\n')
    await put('again\n', { restart: 0 })
    const follower = await followLog(url)
    await until(() => follower.text().endsWith('again\n'))
    follower.leave()
    const whole = 'first\nsecond ä\nagain\nlast\n'
    await write(owed('completed'))
    await finish(whole)
    for (const { id: seen } of [{ id: '0' }, { id: '6' }, ...follower.events, { id: '27' }, { id: '999999999999999' }]) {
      const again = await followLog(url, { 'last-event-id': seen })
      expect(await again.over).toBe(true)
      expect(again.text()).toBe(Buffer.from(whole).subarray(Number(seen)).toString())
      expect(again.events.at(-1)).toEqual({ id: seen.length > 2 ? seen : '27', event: 'end', data: completed })
    }
    const middle = await followLog(`${url}?offset=14`)
    await middle.over
    expect(middle.events[0]).toEqual({ id: '27', event: 'message', data: '\ufffd\nagain\nlast\n' })
  })

  it('is the raw bytes without events, and ends when all of them are there', async () => {
    await write(running)
    await put(Buffer.from([0xff, 0, 0x0d]))
    const { socket, received, closed, untilReceived } = await openRawClient(
      api.url,
      `GET ${new URL(url).pathname}?follow=true&offset=1`,
      { connection: 'close' }
    )
    await untilReceived(/\r\n\r\n2\r\n\0\r\r\n/)
    await put('more')
    await untilReceived(/4\r\nmore\r\n/)
    expect(received()).not.toMatch(/\r\n0\r\n/)
    await write(owed('completed'))
    await finish(Buffer.concat([Buffer.from([0xff, 0, 0x0d]), Buffer.from('more')]))
    await closed
    expect(received()).toMatch(/more\r\n0\r\n\r\n$/)
    socket.destroy()
  })

  it('is read once for all who follow it, and not at all when nobody does', async () => {
    await submitter.write(id, 'lumi', [running, running])
    const text = `${'x'.repeat(99)}\n`.repeat(500)
    await put(text)
    const followers = await Promise.all(Array.from({ length: 20 }, () => followLog(url)))
    await until(() => followers.every((one) => one.text() === text))
    readBytes = 0
    await put(text)
    await until(() => followers.every((one) => one.text() === text + text))
    expect(readBytes).toBe(text.length)
    for (const one of followers) one.leave()
    // One who follows another job shows that changes are heard.
    const other = await followLog(url.replace('/lumi/0/', '/lumi/1/'))
    const isOfOther = (prefix: string) => prefix.includes(`${id}-lumi-1-1/`)
    await until(async () => {
      looked.length = 0
      for (const times of [1, 2]) {
        await tell()
        await until(() => looked.filter(isOfOther).length >= times)
      }
      return looked.every(isOfOther)
    })
    other.leave()
  })

  it('goes over from pieces to the whole log, also when a piece goes away before it is read', async () => {
    await write(running)
    await put('first\n')
    await put('second\n')
    let isJoined = false
    beforeRead = async (path) => {
      if (isJoined || !path.includes('/0-')) return
      isJoined = true
      await write(owed('failed'))
      await finish('first\nsecond\nthird\n')
    }
    const follower = await followLog(url)
    expect(await follower.over).toBe(true)
    expect([isJoined, follower.text(), follower.end()]).toEqual([
      true,
      'first\nsecond\nthird\n',
      { ...completed, outcome: 'failed' }
    ])
  })

  it('goes on when the job was requeued', async () => {
    await write(running)
    await put('first run\n')
    const follower = await followLog(url)
    await until(() => follower.text() === 'first run\n')
    written = 0
    await put('second run\n', { restart: 1 })
    await until(() => follower.text() === 'first run\nsecond run\n')
    await write(owed('completed'))
    await finish('first run\nsecond run\n')
    await follower.over
    expect(follower.events.at(-1)?.id).toBe('21')
  })

  it('is that of one attempt, also for a client that comes back after a retry', async () => {
    const first: Attempt = { ...declareJob(0), state: ended('failed'), outPath: 'out' }
    const job: Job = { ...declareJob(0), attempt: 2, state: running, outPath: 'out', earlier: [first] }
    await submitter.management.writeStatus('local', {
      schema: 1,
      id,
      platform: 'lumi',
      fence: 1,
      sequence: 99,
      jobs: [job],
      history: []
    })
    await store.put(bucket, logPath(run, 'out'), Buffer.from('one\n'))
    await store.put(bucket, logPiecePath({ ...run, attempt: 2 }, 'out', 0, 0), Buffer.from('two\n'))
    const firstEvent = async (query: string, lastId?: string) => {
      const follower = await followLog(url + query, lastId === undefined ? {} : { 'last-event-id': lastId })
      await until(() => follower.events.length > 0)
      follower.leave()
      return [follower.events[0]?.data, follower.events[0]?.id]
    }
    expect([await firstEvent(''), await firstEvent('', '1@2')]).toEqual([
      ['two\n', '4@2'],
      ['wo\n', '4@2']
    ])
    expect([await firstEvent('', '1'), await firstEvent('?attempt=2', '1')]).toEqual([
      ['ne\n', '4'],
      ['wo\n', '4']
    ])
  })

  it('waits for a piece that is listed late', async () => {
    await write(running)
    written = 6
    await put('second\n')
    const follower = await followLog(url)
    await put('third\n')
    written = 0
    await put('first\n')
    await until(() => follower.text() === 'first\nsecond\nthird\n')
    follower.leave()
  })

  it('holds nobody up for one who takes nothing, who gets all of it later', async () => {
    await write(running)
    const line = `${'y'.repeat(1023)}\n`
    const slow = await openRawClient(api.url, `GET ${new URL(url).pathname}?follow=true`, { connection: 'close' })
    await slow.untilReceived(/\r\n\r\n/)
    slow.socket.pause()
    const quick = await followLog(url)
    const [pieces, piece] = [24, line.repeat(1024)]
    for (let count = 0; count < pieces; count++) await put(piece)
    await until(() => quick.events.at(-1)?.id === String(pieces * piece.length))
    expect(slow.received().length).toBeLessThan(2 * piece.length)
    // What the sockets have not taken is read when it is wanted, and was kept nowhere.
    const before = readBytes
    slow.socket.resume()
    await write(owed('completed'))
    await finish(piece.repeat(pieces))
    await slow.closed
    expect(readBytes - before).toBeGreaterThan(8 * piece.length)
    const [, body = ''] = slow.received().split(/\r\n\r\n(.*)/s)
    expect(body.replaceAll(/\r\n[0-9a-f]+\r\n|^[0-9a-f]+\r\n/g, '')).toBe(`${piece.repeat(pieces)}\r\n`)
    expect(await quick.over).toBe(true)
  })

  it('may be left at any moment, also in the middle of a read', async () => {
    await write(running)
    await put('x\n'.repeat(1000))
    let goOn = (): void => {}
    let isReading = false
    beforeRead = () =>
      new Promise((resolve) => {
        isReading = true
        goOn = resolve
      })
    const follower = await followLog(url)
    await until(() => isReading)
    follower.leave()
    goOn()
    beforeRead = async () => {}
    for (let round = 0; round < 20; round++) {
      const one = await followLog(`${url}?offset=${round}`)
      const more = put('y\n')
      one.leave()
      await more
    }
    const last = await followLog(url)
    await until(() => last.text() === 'x\n'.repeat(1000) + 'y\n'.repeat(20))
    last.leave()
  })
})

describe('who may follow what', () => {
  it('is told as for the log itself', async () => {
    await write(running)
    const statusOf = async (query: string, headers: Record<string, string> = {}) => {
      const { status, leave } = await followLog(url + query, headers)
      leave()
      return status
    }
    expect(await statusOf('', { authorization: 'Bearer key-of-another-user' })).toBe(404)
    expect(await statusOf('?attempt=2')).toBe(404)
    expect(await statusOf('?task=1')).toBe(400)
    for (const garbage of ['lumi:1', '-1', '1, 2', '1@', '9'.repeat(16)]) {
      expect(await statusOf('', { 'last-event-id': garbage })).toBe(400)
    }
    for (const garbage of ['-1', 'x', '1&offset=2', '9'.repeat(30)]) expect(await statusOf(`?offset=${garbage}`)).toBe(400)
    expect(await statusOf('?follow=perhaps')).toBe(400)
    const head = await openRawClient(api.url, `HEAD ${new URL(url).pathname}?follow=true`, { connection: 'close' })
    await head.closed
    expect(head.received()).toMatch(/^HTTP\/1.1 200 /)
  })

  it('is one task of an array', async () => {
    await order({ array: '3-5' })
    const { status, text } = await api.ask(`${new URL(url).pathname}?follow=true`)
    expect([status, JSON.parse(text).hint]).toEqual([400, 'follow one of them: task=3'])
    const { status: unknown } = await api.ask(`${new URL(url).pathname}?follow=true&task=7`)
    expect(unknown).toBe(404)
  })

  it('is known as followed also when it is that of a task', async () => {
    await order({ array: '3-5' })
    const follower = await followLog(`${url}?task=4&source=err`)
    const find = async () => [...(await createFollowedStreams(redis).find('local', run, ['err.3', 'err.4', 'out.4']))]
    await until(async () => (await find()).length > 0)
    expect(await find()).toEqual(['err.4'])
    follower.leave()
  })

  it('is known as followed to whoever brings it', async () => {
    await write(running)
    const follower = await followLog(url)
    const find = async () => [...(await createFollowedStreams(redis).find('local', run, ['out', 'err']))]
    await until(async () => (await find()).length > 0)
    expect(await find()).toEqual(['out'])
    follower.leave()
  })

  it('is cut, and not ended, when it turns out that there is no such log', async () => {
    const follower = await followLog(`${url}?task=1`)
    expect(follower.status).toBe(200)
    await write(running)
    expect([await follower.over, follower.end()]).toEqual([false, undefined])
    expect((await followLog(`${url}?task=1`)).status).toBe(400)
  })
})

it('a silent log keeps its followers, and tells a line that stands there unfinished', async () => {
  const other = await openTestApi({ silenceMs: 2000 })
  const writes = await openSubmitterWrites(other)
  const { json } = await other.ask('/v1/orchestrations', asJson(oneJob))
  const path = `/v1/orchestrations/${json.id}/jobs/lumi/0/log?follow=true`
  const raw = await openRawClient(other.url, `GET ${path}`)
  const follower = await followLog(other.url + path)
  const of = { id: json.id, platform: 'lumi', index: 0, attempt: 1 }
  const others = openInstallation(other.config, createLogger('silent')).store
  await others.put(bucket, logPiecePath(of, 'out', 0, 0), Buffer.from('whole\n50 %\r'))
  await writes.write(json.id, 'lumi', [running])
  await until(() => follower.events.length === 2)
  expect(follower.events.map(({ data }) => data)).toEqual(['whole\n', '50 %\r'])
  // Longer than the silence after which a connection is cut.
  await until(() => follower.comments() === 2)
  await others.put(bucket, logPiecePath(of, 'out', 0, 11), Buffer.from('100 %\r'))
  await writes.write(json.id, 'lumi', [running])
  await raw.untilReceived(/100 %\r/)
  raw.socket.destroy()
  follower.leave()
  writes.close()
  await other.close()
})

it('no follower keeps the forwarder from ending', async () => {
  const other = await openTestApi()
  const { json } = await other.ask('/v1/orchestrations', asJson(oneJob))
  const path = `/v1/orchestrations/${json.id}/jobs/lumi/0/log?follow=true`
  const raw = await openRawClient(other.url, `GET ${path}`)
  await raw.untilReceived(/\r\n\r\n/)
  const follower = await followLog(other.url + path)
  const closed = once(raw.socket, 'close')
  await other.close()
  await closed
  expect([await follower.over, raw.received().endsWith('0\r\n\r\n')]).toEqual([false, false])
})
