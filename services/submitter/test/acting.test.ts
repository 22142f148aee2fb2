import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import type { Platform } from '@lautta/platforms/platform'
import type { KnownPlatform } from '@lautta/platforms/settings'
import { describe, expect, it } from 'vitest'
import { createActing } from '../src/acting.ts'
import { createAdmission } from '../src/admission.ts'
import { createKnownEnvironment } from '../src/known-environment.ts'
import { createKnownLimits } from '../src/known-limits.ts'
import { createLiveOrder } from '../src/live-order.ts'
import type { SessionPorts } from '../src/session-ports.ts'

describe('a job whose own version of the request can not be read', () => {
  it('waits for the storage, and is not prepared by another version', async () => {
    const request = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs: [{ path: '/a.sh' }] } } })
    const order = createLiveOrder({
      request: { id: '1', createdAt: '', warnings: [], errors: [], request, version: 1 },
      ...{ platform: 'lumi', saved: null, fence: () => 1, now: () => new Date(0), save: async () => {}, onHistory: () => {} }
    })
    const orders = { starts: new Map([[1, '']]), stops: new Map(), controls: [], tries: new Map() }
    const effects = await order.feed(0, { type: 'ordersRead', orders, version: 2 })
    const told: unknown[] = []
    const known = { name: 'lumi', credentials: {} } as KnownPlatform
    const ports = { user: 'u', known, now: () => new Date(0), findPause: async () => null as string | null } as SessionPorts
    const acting = createActing({
      ...{ ports, admission: createAdmission(ports), environment: createKnownEnvironment(ports) },
      limits: createKnownLimits(ports.now),
      platform: async () => ({}) as Platform,
      onFailure: (error) => told.push(error),
      onLeaseLost: (error) => told.push(error),
      onAnswer: () => {},
      onAsked: () => {},
      askToCollect: () => {},
      otherClusters: async () => new Map(),
      beginTry: async () => {},
      isBackingOff: () => false
    })
    acting.act(order, 0, effects)
    await acting.finish()
    expect([effects, told]).toEqual([['prepare'], []])
    expect(order.status.jobs[0]).toMatchObject({ version: 2, state: { kind: 'preparing' }, waiting: 'storage' })
    expect(order.status.history.at(-1)?.reason).toMatch(/version 2 .* can not be read/)
  })
})
