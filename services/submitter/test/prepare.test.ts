import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import type { AcceptedRequest } from '@lautta/core/orchestration/known-order'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import { connectPlatform } from '@lautta/platforms/connect-platform'
import { knownPlatforms } from '@lautta/platforms/settings'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCheckWorkspaces } from '../src/effects/check-workspaces.ts'
import { createPrepare } from '../src/effects/prepare.ts'
import { createKnownEnvironment } from '../src/known-environment.ts'
import { createLiveOrder, type LiveOrder } from '../src/live-order.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-prepare-'))
})
afterEach(() => rm(folder, { recursive: true }))

const sentFile = () => join(folder, 'sent.txt')

/** A version of an adopted request whose two jobs share a file. */
function version(number: number): AcceptedRequest {
  const source = { place: 'inline', path: 'x', value: `of version ${number}` }
  const send = [{ transfer: { source, target: { place: 'hpc/local', path: sentFile() } }, overwrite: true }]
  const jobs = [{ script: '#!/bin/sh\n' }, { script: '#!/bin/sh\n' }]
  const request = orchestrationSchema(['local']).parse({ name: 'n', platforms: { local: { files: { send }, jobs } } })
  return { id: '1', createdAt: '', warnings: [], errors: [], request, version: number }
}

/** What prepares the jobs of an order on the real platform `local`. */
async function createPreparer(order: LiveOrder) {
  const [known] = knownPlatforms({}, true)
  if (known === undefined) throw new Error('there is no platform local')
  const machine = { localFolder: folder, environment: { PATH: '/usr/bin:/bin', HOME: folder } }
  const platform = await connectPlatform(known, 'u', machine)
  const store = createFolderStore(join(folder, 'store'))
  const documentKey = Buffer.from('key')
  const management = createManagement({ store, bucketPrefix: 'mlch', documentKey, slugOf: () => 'u', onIgnored: () => {} })
  const environment = createKnownEnvironment({ user: 'u', known, management, now: () => new Date(), logger: { warn() {} } })
  const prepare = createPrepare(createCheckWorkspaces(environment), () => new Date())
  return async (index: number) => {
    const job = order.status.jobs[index]
    const part = order.request.request.platforms.local
    const request = part?.jobs[index]
    if (job === undefined || part === undefined || request === undefined) throw new Error(`there is no job ${index}`)
    const nothing = async () => {}
    const work = { user: 'u', known, platform, store, management, secretsFolder: folder, beginTry: nothing, notice: nothing }
    const open = {
      findClusterJob: async () => undefined,
      isBackingOff: () => false,
      findPause: async () => null,
      logger: { error() {} }
    }
    return prepare({ ...work, ...open, order, job, part, request })
  }
}

describe('the files of an order', () => {
  it('are sent once for its jobs, and again when a newer version of its request counts', async () => {
    const order = createLiveOrder({
      ...{ request: version(1), platform: 'local', saved: null, fence: () => 1, now: () => new Date(0) },
      ...{ save: async () => {}, onHistory: () => {} }
    })
    const prepare = await createPreparer(order)
    const start = (number: number) => {
      const orders = { starts: new Map([[1, '']]), stops: new Map(), controls: [], tries: new Map() }
      return Promise.all([0, 1].map((index) => order.feed(index, { type: 'ordersRead', orders, version: number })))
    }
    await start(1)
    expect(await prepare(0)).toEqual({ type: 'prepared' })
    expect(await readFile(sentFile(), 'utf8')).toBe('of version 1')
    await writeFile(sentFile(), 'the first job works on it')
    await prepare(1)
    expect(await readFile(sentFile(), 'utf8')).toBe('the first job works on it')
    await order.take(version(2))
    await start(2)
    await prepare(1)
    expect(await readFile(sentFile(), 'utf8')).toBe('of version 2')
  })
})
