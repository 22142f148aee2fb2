import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../test/servers/free-port.ts'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { type ServiceProcess, startService } from '../../../test/support/start-service.ts'

const mebibyte = 1024 * 1024
const parts = 300
const heapMebibytes = 64
const part = Buffer.alloc(mebibyte, 'Lautta ')
const expected = createHash('sha256')
for (let index = 0; index < parts; index++) expected.update(part)
const sha256 = expected.digest('hex')

let folder: string
let redis: RedisServer
let forwarder: ServiceProcess
let url: string
const headers = { authorization: 'Bearer the-key-of-large-objects' }
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-large-'))
  redis = await startRedis()
  const port = await freePort()
  forwarder = await startService('forwarder', {
    NODE_OPTIONS: `--max-old-space-size=${heapMebibytes}`,
    LAUTTA_DATA_DIR: folder,
    LAUTTA_REDIS_URL: redis.url,
    LAUTTA_PORT: String(port),
    LAUTTA_PROXY_PORT: '0',
    LAUTTA_API_KEY: 'the-key-of-large-objects',
    LAUTTA_MASTER_KEY: 'the-master-key-of-large-objects'
  })
  url = `http://127.0.0.1:${port}/v1/objects/pipeline/large`
})
afterAll(async () => {
  await forwarder?.end()
  await redis?.stop()
  await rm(folder, { recursive: true })
})

/** The most memory that the forwarder ever had. */
async function peakMebibytes(): Promise<number> {
  const status = await readFile(`/proc/${forwarder.pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

describe(`an object of ${parts} MiB`, () => {
  it(`goes through a forwarder with a heap of ${heapMebibytes} MiB, both ways, and does not stay in its memory`, async () => {
    const before = await peakMebibytes()
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        if (sent++ === parts) controller.close()
        else controller.enqueue(part)
      }
    })
    const checked = { ...headers, 'x-checksum-sha256': sha256 }
    const put = await fetch(url, { method: 'PUT', body, duplex: 'half', headers: checked } as RequestInit)
    expect([put.status, await put.json()]).toMatchObject([201, { 'used-bytes': parts * mebibyte }])
    const hash = createHash('sha256')
    for await (const chunk of (await fetch(url, { headers })).body!) hash.update(chunk)
    expect(hash.digest('hex')).toBe(sha256)
    expect((await peakMebibytes()) - before).toBeLessThan(parts / 2)
  })
})
