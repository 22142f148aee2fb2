import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey } from '@lautta/core/derive-key'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFolderStore } from '../src/folder/folder-store.ts'
import { createManagement, type Management } from '../src/management.ts'

// What version 0.1.0 wrote for three orders on platform local: one ran, failed in part and was started again; one was
// stopped, with a job on a platform without a credential; of one the process was killed while it ended.
const recording = new URL('recordings/version-0.1.0', import.meta.url).pathname
const masterKey = 'the-master-key-of-the-recordings'
const user = 'user@example.com'

describe('documents of version 0.1.0', () => {
  let root: string
  let management: Management
  const ignored: Error[] = []
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'lautta-recording-'))
    await cp(recording, join(root, 'mlch-sub-air-user-example-com'), { recursive: true })
    management = createManagement({
      store: createFolderStore(root),
      bucketPrefix: 'mlch',
      documentKey: deriveKey(masterKey, 'documents'),
      slugOf: () => 'user-example-com',
      onIgnored: (error) => ignored.push(error)
    })
  })
  afterAll(() => rm(root, { recursive: true }))

  it('are read, all of them', async () => {
    const listed = await management.listOrders(user)
    expect(listed).toHaveLength(3)
    const orders: string[] = []
    let tries = 0
    for (const { id, orderIds, tries: begun } of listed) {
      orders.push(
        ...(await Promise.all(orderIds.map((one) => management.readOrder(user, id, one)))).map((one) => one?.order ?? '-')
      )
      tries += (await Promise.all(begun.map((one) => management.readTry(user, id, one)))).filter((one) => one !== null).length
    }
    expect(orders.sort()).toEqual(['start', 'start', 'start', 'start', 'stop'])
    expect(tries).toBe(5)
    expect(ignored).toEqual([])
  })
  it('tell the names, the states and the outcomes that they told', async () => {
    const told: Record<string, unknown> = {}
    for (const { id, statusEtags } of await management.listOrders(user)) {
      const request = await management.readRequest(user, id)
      for (const platform of statusEtags.keys()) {
        const status = await management.readStatus(user, id, platform)
        told[`${request?.request.name} ${platform}`] = status?.jobs.map(({ attempt, state }) => [
          attempt,
          state.kind,
          'outcome' in state ? state.outcome : null
        ])
      }
    }
    expect(told).toEqual({
      'recorded local': [
        [1, 'finished', 'completed'],
        [2, 'finished', 'failed']
      ],
      'stopped local': [[1, 'finished', 'cancelled']],
      'stopped lumi': [[1, 'finished', 'cancelled']],
      'running local': [[1, 'finishing', 'failed']]
    })
  })
  it('say which orders need no reading', async () => {
    const [onLocal, onLumi] = await Promise.all(['local', 'lumi'].map((platform) => management.readFinished(user, platform)))
    expect([onLocal?.size, onLumi?.size]).toEqual([2, 1])
  })
})
