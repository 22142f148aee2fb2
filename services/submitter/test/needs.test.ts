import { Readable } from 'node:stream'
import { deriveKey } from '@lautta/core/derive-key'
import { UnavailableError } from '@lautta/core/errors'
import { createId } from '@lautta/core/ids'
import { declareJob, type Job, type JobState } from '@lautta/core/job/job'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import type { NewOrder } from '@lautta/core/orchestration/next-order'
import { createManagement } from '@lautta/object-store/management'
import type { ObjectInfo } from '@lautta/object-store/object-store'
import type { KnownPlatform } from '@lautta/platforms/settings'
import { createLogger } from '@lautta/runtime/logger'
import { describe, expect, it } from 'vitest'
import { createOrderDirectory } from '../src/order-directory.ts'
import { createSession } from '../src/session.ts'
import type { SessionPorts } from '../src/session-ports.ts'
import { createMemoryStore } from './model/model-store.ts'

const id = '1'
const running: JobState = { kind: 'running', slurmJobId: '7' }
const ended = (outcome: 'completed' | 'failed'): JobState => {
  return { kind: 'finished', slurmJobId: '7', outcome, exitCode: 0, reason: null, collecting: 'stored' }
}

/**
 * An order on platforms that can not be reached, with the needs of each job there, and the sessions of its platforms; an
 * adopted one when it is said which orders follow from it.
 */
async function open(needs: Record<string, string[][]>, following: NewOrder[] | null = null) {
  const memory = createMemoryStore()
  const reads: string[] = []
  const world = {
    nowMs: 1,
    reads,
    writes: 0,
    lateGets: new Map<string, { content: Buffer; info: ObjectInfo }>(),
    connected: [] as string[],
    clocks: new Map<string, number | null>()
  }
  const store: typeof memory = {
    ...memory,
    get: async (bucket, path, ...rest) => {
      reads.push(path)
      const late = world.lateGets.get(path)
      world.lateGets.delete(path)
      return late === undefined ? memory.get(bucket, path, ...rest) : { ...late, content: Readable.from([late.content]) }
    },
    put: async (...put) => {
      world.writes++
      return memory.put(...put)
    }
  }
  const documentKey = deriveKey('a master key', 'documents')
  const management = createManagement({ store, bucketPrefix: 'mlch', documentKey, slugOf: () => 'u', onIgnored: () => {} })
  const parts = Object.entries(needs).map(([platform, lists]) => {
    return [platform, { jobs: lists.map((list) => ({ path: '/a.sh', needs: list })) }]
  })
  const request = orchestrationSchema(Object.keys(needs)).parse({ name: 'n', platforms: Object.fromEntries(parts) })
  const head = { schema: 1, id, user: 'u', createdAt: '', bodySha256: '', warnings: [], request }
  const orders = following?.map((one, at) => ({ orderId: String(at), ...one })) ?? []
  const version = { number: 1, inForce: 1, adoptedAt: '', found: 'request' as const, etag: '', orders }
  await (following === null ? management.writeRequest('u', head) : management.writeAdopted('u', { ...head, ...version }))
  const hints: string[] = []
  const nudged = new Set<string>()
  const fences = new Map<string, number>()

  const openSession = (platform: string) =>
    createSession({
      ...{
        user: 'u',
        known: { name: platform, pollSeconds: 1, credentials: {} } as Partial<KnownPlatform> as KnownPlatform,
        store,
        management
      },
      ...{ directory: createOrderDirectory(management), logger: createLogger('silent'), now: () => new Date(world.nowMs) },
      acquireLease: async () => {
        const previousFence = fences.get(platform) ?? 0
        fences.set(platform, previousFence + 1)
        return { fence: previousFence + 1, previousFence, remainingMs: () => 30_000, release: async () => {} }
      },
      connect: async () => {
        world.connected.push(platform)
        throw new UnavailableError('nobody answers')
      },
      changes: {
        take: async (_user, of) =>
          hints
            .splice(0)
            .filter((one) => one === `${of} ${id}` || !hints.push(one))
            .map(() => id),
        remember: async (_user, of, changed) => void hints.push(`${of} ${changed}`),
        tell: async () => {}
      },
      queues: {
        setClock: async ({ platform: of = '' }, seconds) => void world.clocks.set(of, seconds),
        nudgeReconcile: async ({ platform: of = '' }) => void nudged.add(of),
        askToCollect: async () => {}
      },
      findPause: async () => null
    } as Partial<SessionPorts> as SessionPorts)

  const jobsOn = async (platform: string) => (await management.readStatus('u', id, platform))?.jobs ?? []
  return {
    ...{ world, hints, nudged, openSession, jobsOn },
    /** The next to ask for a status is answered by a part of the store that has not heard of what is saved from now on. */
    async lagBehind(platform: string): Promise<void> {
      const path = `MANAGEMENT/1/${platform}.json`
      const found = await memory.get('mlch-sub-air-u', path)
      if (found === null) throw new Error(`there is no ${path}`)
      world.lateGets.set(path, { info: found.info, content: Buffer.concat(await found.content.toArray()) })
    },
    async order(one: NewOrder): Promise<void> {
      const at = new Date(++world.nowMs)
      await management.writeOrder('u', id, createId(at), { schema: 1, ...one, by: 'u', keyId: 'k', at: at.toISOString() })
    },
    /** What the session on another platform saved. */
    async save(platform: string, state: JobState, fence: number, more: Partial<Job> = {}): Promise<void> {
      const jobs = [{ ...declareJob(0), ...more, state }]
      await management.writeStatus('u', { schema: 1, id, platform, fence, sequence: 1, history: [], jobs })
    },
    reasons: async (platform: string) =>
      ((await management.readStatus('u', id, platform))?.history ?? []).map(({ reason }) => reason),
    states: async (platform: string) =>
      (await jobsOn(platform)).map(({ state, waiting }) =>
        state.kind === 'finished' ? state.reason : `${state.kind} ${waiting}`
      )
  }
}

describe('a session whose jobs wait for one on another platform', () => {
  it('connects to nothing, has no clock, and reads the other status only when it is another one', async () => {
    const { world, hints, openSession, order, save, states } = await open({ mahti: [[]], lumi: [['mahti/job:0']] })
    await order({ order: 'start', attempt: 1 })
    await save('mahti', running, 1)
    const session = openSession('lumi')
    for (let pass = 0; pass < 3; pass++) {
      await session.run()
      world.nowMs += 200_000
    }
    expect(await states('lumi')).toEqual(['preparing need'])
    expect([world.connected, world.clocks.get('lumi')]).toEqual([[], null])
    expect(world.reads.filter((path) => path === 'MANAGEMENT/1/mahti.json')).toHaveLength(1)
    await save('mahti', ended('completed'), 2)
    hints.push('lumi 1')
    await session.run()
    expect(await states('lumi')).toEqual(['preparing platform'])
    expect([world.connected, world.clocks.get('lumi')]).toEqual([['lumi'], 1])
    await session.close()
  })

  it('believes no late write of a session that had lost its lease', async () => {
    const { world, hints, openSession, order, save, states } = await open({ mahti: [[]], lumi: [['mahti/job:0']] })
    await order({ order: 'start', attempt: 1 })
    await save('mahti', running, 5)
    const session = openSession('lumi')
    await session.run()
    await save('mahti', ended('failed'), 4)
    hints.push('lumi 1')
    await session.run()
    expect(await states('lumi')).toEqual(['preparing need'])
    // What stays there is no late write.
    world.nowMs += 400_000
    await session.run()
    expect(await states('lumi')).toEqual(['need-not-met'])
    await session.close()
  })

  it('reads again what was not yet as the store lists it', async () => {
    const { world, openSession, order, save, lagBehind, states } = await open({ mahti: [[]], lumi: [['mahti/job:0']] })
    await order({ order: 'start', attempt: 1 })
    await save('mahti', running, 1)
    await lagBehind('mahti')
    await save('mahti', ended('failed'), 2)
    const session = openSession('lumi')
    await session.run()
    expect(await states('lumi')).toEqual(['preparing need'])
    world.nowMs += 200_000
    await session.run()
    expect(await states('lumi')).toEqual(['need-not-met'])
    await session.close()
  })

  it('waits also for a start that follows from an adopted request, and is not written yet', async () => {
    const starts = ['lumi', 'mahti'].map((platform) => ({ order: 'start' as const, attempt: 2, platform, index: 0 }))
    const { openSession, order, save, states } = await open({ mahti: [[]], lumi: [['mahti/job:0']] }, starts)
    await save('mahti', ended('failed'), 1)
    await order(starts[0]!)
    const session = openSession('lumi')
    await session.run()
    expect(await states('lumi')).toEqual(['preparing need'])
    await session.close()
  })

  it('ends a job at once that is stopped', async () => {
    const { world, openSession, order, hints, states } = await open({ mahti: [[]], lumi: [['mahti/job:0']] })
    await order({ order: 'start', attempt: 1 })
    const session = openSession('lumi')
    await session.run()
    await order({ order: 'stop', attempt: 1 })
    hints.push('lumi 1')
    await session.run()
    expect([await states('lumi'), world.connected]).toEqual([['stopped before it was submitted'], []])
    await session.close()
  })
})

describe('the end of a job', () => {
  it('is told to the sessions that need it, and ends what needs it there, and what needs that', async () => {
    const needs = { mahti: [[]], lumi: [['mahti/job:0'], ['job:0'], []], puhti: [['lumi/job:1']] }
    const { world, hints, nudged, openSession, order, states, reasons } = await open(needs)
    await order({ order: 'start', attempt: 1 })
    await order({ order: 'stop', attempt: 1, platform: 'lumi', index: 2 })
    const pass = async (platform: string) => {
      nudged.clear()
      // Another process each time: nothing is remembered.
      const session = openSession(platform)
      await session.run()
      await session.close()
    }
    for (const platform of ['puhti', 'lumi']) await pass(platform)
    expect(await states('lumi')).toEqual(['preparing need', 'preparing need', 'stopped before it started'])
    await order({ order: 'cancel', attempt: 1, platform: 'mahti', index: 0 })
    await pass('mahti')
    expect([hints, [...nudged]]).toEqual([['lumi 1'], ['lumi']])
    await pass('lumi')
    expect((await states('lumi')).slice(0, 2)).toEqual(['need-not-met', 'need-not-met'])
    expect([hints, [...nudged]]).toEqual([['puhti 1'], ['lumi', 'puhti']])
    await pass('puhti')
    expect(await states('puhti')).toEqual(['need-not-met'])
    expect(await reasons('puhti')).toEqual([
      null,
      'waiting: need: lumi/job:1 has not begun',
      'lumi/job:1 ended cancelled (need-not-met), and completed is needed',
      'need-not-met'
    ])
    for (const platform of ['lumi', 'puhti']) await pass(platform)
    expect([await states('puhti'), world.connected]).toEqual([['need-not-met'], []])
  })

  it('is saved once or twice when a long chain of them ends, and not for each', async () => {
    const chain = Array.from({ length: 200 }, (_, index) => (index === 0 ? ['mahti/job:0'] : [`job:${index - 1}`]))
    const { world, openSession, order, save, states } = await open({ mahti: [[]], lumi: chain })
    await order({ order: 'start', attempt: 1 })
    await save('mahti', running, 1)
    const session = openSession('lumi')
    await session.run()
    await save('mahti', ended('failed'), 2)
    world.nowMs += 200_000
    const before = world.writes
    await session.run()
    expect(new Set(await states('lumi'))).toEqual(new Set(['need-not-met']))
    expect(world.writes - before).toBeLessThan(6)
  })
})
