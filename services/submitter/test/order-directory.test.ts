import { deriveKey } from '@lautta/core/derive-key'
import { declareJob } from '@lautta/core/job/job'
import { viewPath } from '@lautta/core/object-names'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { createManagement } from '@lautta/object-store/management'
import { describe, expect, it } from 'vitest'
import { createOrderDirectory } from '../src/order-directory.ts'
import { createMemoryStore } from './model/model-store.ts'

const ended = { kind: 'finished' as const, slurmJobId: '7', outcome: 'completed' as const, exitCode: 0, reason: null }

/** An adopted order that was left settled on lumi, with its view. */
async function settle() {
  const store = createMemoryStore()
  const documentKey = deriveKey('a master key', 'documents')
  const management = createManagement({ store, bucketPrefix: 'mlch', documentKey, slugOf: () => 'u', onIgnored: () => {} })
  const adopt = async (number: number, ...platforms: string[]) => {
    const parts = platforms.map((name) => [name, { jobs: [{ path: '/a.sh' }] }])
    const request = orchestrationSchema(platforms).parse({ name: 'n', platforms: Object.fromEntries(parts) })
    const head = { schema: 1, id: '1', user: 'u', createdAt: '', adoptedAt: '', number, inForce: number, orders: [] }
    await management.writeAdopted('u', { ...head, found: 'request', etag: '', bodySha256: '', warnings: [], request })
  }
  await adopt(1, 'lumi')
  const jobs = [{ ...declareJob(0), version: 1, state: { ...ended, collecting: 'stored' as const } }]
  const status = { schema: 1, id: '1', platform: 'lumi', fence: 1, sequence: 1, history: [], jobs }
  const statusEtag = await management.writeStatus('u', status)
  const viewEtag = await management.writeView('u', '1', 'lumi', Buffer.from('what it tells'))
  await management.writeFinished('u', 'lumi', [
    { id: '1', lastOrder: null, orders: 0, statusEtag, viewEtag, platforms: 1, version: 1 }
  ])
  const directory = createOrderDirectory(management)
  const findOpen = async () => [...(await directory.findOpen('u')).keys()]
  return { store, bucket: management.bucketOf('u'), adopt, findOpen }
}

describe('an order that was left settled', () => {
  it('is passed over as long as it is as it was', async () => {
    const { findOpen } = await settle()
    expect(await findOpen()).toEqual([])
  })
  it('is open again when somebody overwrote its view', async () => {
    const { store, bucket, findOpen } = await settle()
    await store.put(bucket, viewPath('1', 'lumi'), Buffer.from('what it told before'))
    expect(await findOpen()).toEqual(['lumi'])
  })
  it('is open again when a newer version of its request was adopted, also on the platforms that it adds', async () => {
    const { adopt, findOpen } = await settle()
    await adopt(2, 'lumi', 'mahti')
    expect(await findOpen()).toEqual(['lumi', 'mahti'])
  })
  it('stays open where it was, when a newer version does not name the platform', async () => {
    const { adopt, findOpen } = await settle()
    await adopt(2, 'mahti')
    expect((await findOpen()).sort()).toEqual(['lumi', 'mahti'])
  })
})
