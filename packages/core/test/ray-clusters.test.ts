import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveRayJobOrderId } from '../src/ids.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import type { KnownOrder } from '../src/orchestration/known-order.ts'
import { clusterName, clusterOfRayJob, readClusterName } from '../src/ray/cluster-name.ts'
import { readClusterReference, writeClusterReference } from '../src/ray/ray-job.ts'
import { rayStatusOf } from '../src/ray/ray-status.ts'
import { tellCluster, warningsAboutVersions } from '../src/ray/tell-cluster.ts'
import { completed, finished, finishing, job, orderedAt, queued, running, submitting } from './sample-jobs.ts'

const orderIds = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
const platformNames = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/)
const inJobs = fc.record({ orchestration: orderIds, index: fc.nat() })
const places = fc.record({ platform: platformNames, job: fc.option(inJobs) })

describe('the name of a Ray cluster', () => {
  it('means the place that it was made of, whatever the id of its order is', () => {
    fc.assert(
      fc.property(places, (place) => {
        expect(readClusterName(clusterName(place))).toEqual(place)
      })
    )
  })
  it.each(['', 'Compose', 'a.b', '01jd.lumi.', '01jd.lumi.01', '01jd.lumi.x', '.lumi.0', 'lumi/0', '01jd..0', '_x.lumi.0'])(
    'is not %j',
    (name) => expect(readClusterName(name)).toBeNull()
  )
  it('is that of the order which a Ray job names, of its own order, or of its platform', () => {
    expect(clusterName(clusterOfRayJob({}, 'compose', 'own'))).toBe('compose')
    expect(clusterName(clusterOfRayJob({ cluster: 'job:2' }, 'lumi', 'own'))).toBe('own.lumi.2')
    expect(clusterName(clusterOfRayJob({ cluster: 'a.b/job:2' }, 'lumi', 'own'))).toBe('a.b.lumi.2')
  })
  it('stands in a Ray job so that it is read as it was written', () => {
    fc.assert(
      fc.property(inJobs, (inJob) => {
        expect(readClusterReference({ cluster: writeClusterReference(inJob) })).toEqual(inJob)
      })
    )
  })
})

describe('the order of a Ray job', () => {
  it('is another one for another user, cluster or submission id', () => {
    const ids = [
      deriveRayJobOrderId('u', 'compose', 'a'),
      deriveRayJobOrderId('v', 'compose', 'a'),
      deriveRayJobOrderId('u', 'other', 'a'),
      deriveRayJobOrderId('u', 'compose', 'b')
    ]
    expect(new Set(ids).size).toBe(4)
    expect(deriveRayJobOrderId('u', 'compose', 'a')).toBe(ids[0])
    for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/)
  })
})

describe('the status of a Ray job', () => {
  const request = orchestrationSchema(['compose'], ['compose']).parse({
    name: 'n',
    platforms: { compose: { jobs: [{ ray: { file: 'main.py' } }] } }
  })
  const known = (starts: number[] = [1]): KnownOrder => ({
    request: { id: 'i', createdAt: orderedAt, warnings: [], request, version: null, errors: [] },
    earlier: new Map(),
    orders: starts.map((attempt) => ({
      ...{ schema: 1, id: `o${attempt}`, order: 'start' as const, attempt },
      ...{ by: 'u', keyId: 'k', at: orderedAt, hmac: '' }
    })),
    statuses: new Map()
  })
  const endedAs = (outcome: 'cancelled' | 'lost' | 'timed-out') =>
    job({ kind: 'finished', slurmJobId: '7', outcome, exitCode: null, reason: null, collecting: 'owed' })
  it.each([
    ['PENDING', job({ kind: 'declared' })],
    ['PENDING', job({ kind: 'preparing' })],
    ['PENDING', submitting],
    ['PENDING', queued],
    ['RUNNING', running],
    ['RUNNING', finishing],
    ['SUCCEEDED', completed],
    ['FAILED', finished],
    ['FAILED', endedAs('lost')],
    ['FAILED', endedAs('timed-out')],
    ['STOPPED', endedAs('cancelled')]
  ])('is %s', (status, one) => {
    expect(rayStatusOf(known(), { platform: 'compose', job: one })).toBe(status)
  })
  it('is PENDING again as soon as a new start is ordered', () => {
    expect(rayStatusOf(known([1, 2]), { platform: 'compose', job: finished })).toBe('PENDING')
    expect(rayStatusOf(known([1, 2]), { platform: 'compose', job: completed })).toBe('SUCCEEDED')
  })
})

describe('what a cluster says of itself', () => {
  const node = { id: 'n', isHead: true, isAlive: true, address: '10.0.0.1', resources: { CPU: 4, memory: 100 } }
  it('is told with the resources of the nodes that live', () => {
    const nodes = [node, { ...node, isHead: false, resources: { CPU: 2, GPU: 1 } }, { ...node, isAlive: false }]
    expect(tellCluster({ rayVersion: '2.60.0', pythonVersion: '3.11.2', nodes })).toMatchObject({
      ...{
        ok: true,
        detail: 'Ray 2.60.0 with Python 3.11.2 on 2 of 3 nodes, 6 CPUs, 1 GPUs',
        resources: { CPU: 6, GPU: 1, memory: 100 }
      },
      nodes: [{ 'is-alive': true }, { 'is-alive': true }, { 'is-alive': false }]
    })
    expect(tellCluster({ rayVersion: '2.60.0', pythonVersion: null, nodes: [{ ...node, isAlive: false }] }).ok).toBe(false)
  })
  it('is compared with what others say: versions of Ray, and of Python without their last number', () => {
    const cluster = (name: string, ray: string | null, python: string | null) => {
      return { name, answer: { 'ray-version': ray, 'python-version': python } }
    }
    expect(warningsAboutVersions([cluster('a', '2.60.0', '3.11.2'), cluster('b', '2.60.0', '3.11.9')])).toEqual([])
    expect(warningsAboutVersions([cluster('a', '2.60.0', '3.11.2'), cluster('b', null, null)])).toEqual([])
    const three = [cluster('a', '2.60.0', '3.11.2'), cluster('b', '2.60.1', '3.12.2'), cluster('c', '2.60.0', '3.12.1')]
    expect(warningsAboutVersions(three)).toEqual([
      'Ray differs between clusters (2.60.0 on a, c; 2.60.1 on b): what one of them pickled, another may not read',
      'Python differs between clusters (3.11 on a; 3.12 on b, c): what one of them pickled, another may not read'
    ])
  })
})
