import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey } from '@lautta/core/derive-key'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import { createSealedObjects } from '@lautta/object-store/sealed-objects'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createOrderBook } from '../src/order-book.ts'
import { createOrderDirectory } from '../src/order-directory.ts'
import { createOrderLoader } from '../src/order-loader.ts'
import type { SessionPorts } from '../src/session-ports.ts'

// The documents of three orders on platform local; of one a job was ending when the process was killed.
const recording = new URL('../../../packages/object-store/test/recordings/version-0.1.0', import.meta.url).pathname
const user = 'user@example.com'

describe('a submitter that meets documents of a newer version', () => {
  let root: string
  let told: string[]
  beforeEach(async () => {
    told = []
    root = await mkdtemp(join(tmpdir(), 'lautta-newer-'))
    await cp(recording, join(root, 'mlch-sub-air-user-example-com'), { recursive: true })
  })
  afterEach(() => rm(root, { recursive: true }))

  const open = () => {
    const options = {
      store: createFolderStore(root),
      bucketPrefix: 'mlch',
      documentKey: deriveKey('the-master-key-of-the-recordings', 'documents'),
      slugOf: () => 'user-example-com',
      onIgnored: (error: Error) => told.push(error.message)
    }
    const management = createManagement(options)
    const directory = createOrderDirectory(management)
    const changes = { take: async () => [], remember: async () => {}, tell: async () => {} }
    const known = { name: 'local' } as SessionPorts['known']
    const now = () => new Date()
    const logger = { info() {}, warn: (line: { error: string }) => told.push(line.error) }
    const ports = { user, known, management, directory, changes, now, logger } as unknown as SessionPorts
    const lease = () => ({ fence: Number.MAX_SAFE_INTEGER, previousFence: 0, remainingMs: () => 30_000, release: async () => {} })
    return {
      book: createOrderBook(ports, createOrderLoader(ports, lease), { read: async () => null, reset() {} }),
      management,
      write: createSealedObjects(options).write
    }
  }
  const findUnfinished = async () => {
    const { management } = open()
    for (const { id } of await management.listOrders(user)) {
      const status = await management.readStatus(user, id, 'local')
      if (status?.jobs[0]?.state.kind === 'finishing') return { id, status }
    }
    throw new Error('the recording has no unfinished order')
  }

  it('goes on with an order of its own version', async () => {
    const { id } = await findUnfinished()
    const { book } = open()
    await book.refresh()
    expect(book.orders().map(({ request }) => request.id)).toContain(id)
  })
  it.each([
    ['has a newer schema', { schema: 2 }],
    ['has a state that it does not know', { jobs: [{ state: { kind: 'teleporting' } }] }]
  ])('leaves an order alone whose status %s, and says so', async (_how, change) => {
    const { id, status } = await findUnfinished()
    const { book, write } = open()
    const path = `MANAGEMENT/${id}/local.json`
    const wire = JSON.parse(await readFile(join(root, 'mlch-sub-air-user-example-com', path), 'utf8'))
    await write(user, path, { ...wire, ...change }, status.sequence + 1)
    await book.refresh()
    expect(book.orders().map(({ request }) => request.id)).not.toContain(id)
    expect(told.join()).toMatch(/newer Lautta/)
  })
})
