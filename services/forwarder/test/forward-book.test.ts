import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beginForward, tellForward } from '@lautta/core/forwards/forward-status'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import { createLogger } from '@lautta/runtime/logger'
import { expect, it } from 'vitest'
import { createForwardBook } from '../src/forwards/forward-book.ts'

const caller = { user: 'local', slug: 'local', keyId: 'k', isAdmin: false }
const target = { platform: 'compose', orchestration: null, index: null, service: 'serve', node: 0 } as const

it('a forward that is closed is read once an hour', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-forwards-'))
  const management = createManagement({
    ...{ store: createFolderStore(folder), bucketPrefix: 'mlch', documentKey: Buffer.from('key'), slugOf: () => 'local' },
    onIgnored: (error) => {
      throw error
    }
  })
  let nowMs = Date.parse('2026-11-20T10:00:00Z')
  const now = () => new Date(nowMs)
  const book = createForwardBook({
    ...{ management, now, logger: createLogger('silent') },
    queues: { nudgeReconcile: async () => {} },
    locks: { withLock: (_name, work) => work(new AbortController().signal) }
  })
  const { id } = (await book.create(caller, target)).forward
  const closed = tellForward(beginForward(id), { state: 'closed', reason: 'over' }, null, now().toISOString())
  await management.writeForwardStatus('local', { ...closed, fence: 1 })
  expect(await book.find('local', id)).toMatchObject({ state: 'closed', reason: 'over' })
  // What is removed shows who still reads.
  await rm(folder, { recursive: true })
  nowMs += 3599_000
  expect(await book.find('local', id)).toMatchObject({ state: 'closed', reason: 'over' })
  nowMs += 1000
  await expect(book.find('local', id)).rejects.toThrow(`there is no forward ${id}`)
})
