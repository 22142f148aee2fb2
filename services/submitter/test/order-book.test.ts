import { deriveKey } from '@lautta/core/derive-key'
import { StorageError } from '@lautta/core/errors'
import { declareJob } from '@lautta/core/job/job'
import { viewPath } from '@lautta/core/object-names'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { createManagement } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { describe, expect, it } from 'vitest'
import { createOrderBook } from '../src/order-book.ts'
import { createOrderDirectory } from '../src/order-directory.ts'
import { createOrderLoader } from '../src/order-loader.ts'
import type { SessionPorts } from '../src/session-ports.ts'
import { createMemoryStore } from './model/model-store.ts'

const stored = { slurmJobId: '7', outcome: 'completed' as const, exitCode: 0, reason: null, collecting: 'stored' as const }

/** A book of adopted orders on lumi, in a store that does not put what is `failing`, and does not list what is `unlisted`. */
function open() {
  const memory = createMemoryStore()
  const withheld: { failing: RegExp | null; unlisted: RegExp | null } = { failing: null, unlisted: null }
  const store: ObjectStore = {
    ...memory,
    put: async (bucket, path, ...rest) => {
      if (withheld.failing?.test(path)) throw new StorageError('the store is away')
      return memory.put(bucket, path, ...rest)
    },
    list: async (...given) => {
      const listed = await memory.list(...given)
      return { ...listed, objects: listed.objects.filter(({ path }) => !withheld.unlisted?.test(path)) }
    }
  }
  const documentKey = deriveKey('a master key', 'documents')
  const management = createManagement({ store, bucketPrefix: 'mlch', documentKey, slugOf: () => 'u', onIgnored: () => {} })
  const hints: string[] = []
  const changes = { take: async () => hints.splice(0), remember: async () => {}, tell: async () => {} }
  const ports = {
    ...{ user: 'u', known: { name: 'lumi' }, management, directory: createOrderDirectory(management), changes },
    ...{ now: () => new Date(0), logger: { info() {}, warn() {}, debug() {} }, pickleViews: false }
  } as unknown as SessionPorts
  const lease = { fence: 1, previousFence: 0, remainingMs: () => 30_000, release: async () => {} }
  const head = (id: string, number: number) => ({ schema: 1, id, user: 'u', createdAt: '', adoptedAt: '', number, orders: [] })
  const content = { etag: '', bodySha256: '' }
  return {
    ...{ withheld, hints, management },
    book: createOrderBook(
      ports,
      createOrderLoader(ports, () => lease),
      { read: async () => null, reset() {} }
    ),
    hasView: (id: string) => memory.keys().includes(`${management.bucketOf('u')}/${viewPath(id, 'lumi')}`),
    adopt: async (id: string, number: number) => {
      const request = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs: [{ path: '/a.sh' }] } } })
      const found = { found: 'request' as const, warnings: [], request }
      await management.writeAdopted('u', { ...head(id, number), inForce: number, ...content, ...found })
    },
    refuse: async (id: string, number: number) => {
      const found = { found: 'errors' as const, errors: [{ path: '', message: 'no pickle' }] }
      await management.writeAdopted('u', { ...head(id, number), inForce: null, ...content, ...found })
    },
    finish: async (id: string) => {
      const jobs = [{ ...declareJob(0), version: 1, state: { kind: 'finished' as const, ...stored } }]
      await management.writeStatus('u', { schema: 1, id, platform: 'lumi', fence: 1, sequence: 1, history: [], jobs })
    }
  }
}

describe('the views of orders', () => {
  it('are written beside one that can not be, whose order alone stays open until it is', async () => {
    const { book, adopt, finish, withheld, hasView, management } = open()
    for (const id of ['1', '2', '3']) {
      await adopt(id, 1)
      await finish(id)
    }
    withheld.failing = /MANAGEMENT\/1\/lumi\.pkl/
    await book.refresh()
    await book.settle()
    expect(['1', '2', '3'].map(hasView)).toEqual([false, true, true])
    expect(book.orders().map(({ id }) => id)).toEqual(['1'])
    expect([...(await management.readFinished('u', 'lumi')).keys()]).toEqual(['2', '3'])
    withheld.failing = null
    await book.settle()
    expect([hasView('1'), book.orders()]).toEqual([true, []])
  })
  it('are written also when no version of an adopted request counts any more', async () => {
    const { book, adopt, refuse, finish, hasView } = open()
    await adopt('1', 1)
    await finish('1')
    await refuse('1', 2)
    await book.refresh()
    await book.settle()
    expect(hasView('1')).toBe(true)
  })
})

describe('an order whose newest version a listing does not show any more', () => {
  it.each([
    ['one that counts', 'adopt' as const, 2],
    ['one that can not be read', 'refuse' as const, null]
  ])('stays at it: %s', async (_what, put, version) => {
    const opened = open()
    const { book, adopt, finish, withheld, hints } = opened
    await adopt('1', 1)
    await finish('1')
    await book.refresh()
    await opened[put]('1', 2)
    hints.push('1')
    await book.refresh()
    expect(book.orders()[0]?.request.version).toBe(version)
    withheld.unlisted = /ADOPTED\/2/
    hints.push('1')
    await book.refresh()
    expect(book.orders()[0]?.request.version).toBe(version)
  })
})
