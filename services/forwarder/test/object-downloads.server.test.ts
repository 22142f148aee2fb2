import { readdir, readlink, truncate } from 'node:fs/promises'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { openTestApi, type TestApi } from './open-api.ts'
import { openRawClient } from './raw-client.ts'

const usedBytes = 64 * 1024 * 1024
let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
  await api.ask('/v1/objects/pipeline/large', { method: 'PUT', body: Buffer.alloc(usedBytes, 'x') })
})
afterAll(() => api?.close())

// What nobody closes is closed by Node in the end, with a warning.
const forgotten: string[] = []
process.on('warning', ({ message }) => {
  if (/garbage collection/.test(message)) forgotten.push(message)
})
afterEach(() => expect(forgotten).toEqual([]))

/** How often this process, the forwarder's too, has an object's file open. */
async function openFiles(name = 'large', of = api): Promise<number> {
  const names = await readdir('/proc/self/fd')
  const links = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
  return links.filter((link) => link.startsWith(of.fileOf('pipe', name))).length
}

/** Begins a download, and reads nothing but the beginning. */
async function beginDownload(from = api) {
  const client = await openRawClient(from.url, 'GET /v1/objects/pipeline/large')
  await client.untilReceived(/\r\n\r\nx/)
  client.socket.pause()
  return client
}

describe('a download', () => {
  it('leaves nothing open when its client goes away', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => beginDownload()))
    expect(await openFiles()).toBe(3)
    for (const client of clients) client.socket.destroy()
    await until(async () => (await openFiles()) === 0)
  })
  it('leaves nothing open when its client goes away before it begins', async () => {
    for (let round = 0; round < 20; round++) {
      const client = await openRawClient(api.url, 'GET /v1/objects/pipeline/large')
      client.socket.resetAndDestroy()
    }
    expect((await api.ask('/health/live')).status).toBe(200)
    await until(async () => (await openFiles()) === 0)
  })
  it('leaves nothing open when there is nothing to send', async () => {
    const { headers } = await api.ask('/v1/objects/pipeline/large', { method: 'HEAD' })
    const answers = [
      { 'if-none-match': headers.get('etag')! },
      { 'if-match': '"other"' },
      { range: `bytes=${usedBytes}-` },
      { range: 'bytes=0-0' }
    ].map(async (one) => (await api.ask('/v1/objects/pipeline/large', { headers: one })).status)
    expect(await Promise.all(answers)).toEqual([304, 412, 416, 206])
    await until(async () => (await openFiles()) === 0)
  })
  it('of a range is of the object that it names, also while that is replaced', async () => {
    const put = (letter: string) =>
      api.ask('/v1/objects/pipeline/busy', { method: 'PUT', body: letter.repeat(1000), headers: { 'x-object-meta-of': letter } })
    await put('a')
    let isOver = false
    const replace = async (): Promise<void> => {
      for (let round = 0; !isOver; round++) await put('abcdef'.charAt(round % 6))
    }
    const replacing = replace()
    for (let round = 0; round < 200; round++) {
      const { status, text, headers } = await api.ask('/v1/objects/pipeline/busy', { headers: { range: 'bytes=-3' } })
      // Replaced between two looks: nothing is told rather than something wrong.
      if (status !== 503) expect([status, text]).toEqual([206, headers.get('x-object-meta-of')?.repeat(3)])
    }
    isOver = true
    await replacing
    await until(async () => (await openFiles('busy')) === 0)
  })
  it('is given up when its client reads nothing for too long', async () => {
    const impatient = await openTestApi({ silenceMs: 1000 })
    const { store } = openInstallation(impatient.config, createLogger('silent'))
    await store.put('mlch-pipe-local', 'large', Buffer.alloc(usedBytes, 'x'))
    const client = await beginDownload(impatient)
    await until(async () => (await openFiles('large', impatient)) === 0)
    client.socket.destroy()
    await impatient.close()
  })
  it('is cut when the store has less than it said, so that nobody takes it for whole', async () => {
    const client = await beginDownload()
    await truncate(api.fileOf('pipe', 'large'), usedBytes / 2)
    client.socket.resume()
    await client.closed
    const received = client.received()
    expect(received).toContain(`content-length: ${usedBytes}`)
    expect(received.length).toBeLessThan(usedBytes)
    await until(async () => (await openFiles()) === 0)
  })
})
