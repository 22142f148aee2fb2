import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divideItems, resourcesOfCluster, weighClusters } from '../src/ray/divide-work.ts'
import { resourceWeightsSchema, workItemsSchema } from '../src/ray/work-items.ts'

const gibibyte = 2 ** 30
const thirds = { CPU: 0.6, RAM: 0.2, GPU: 0.2 }
const items = (...lists: unknown[]) => workItemsSchema.parse(lists)
const complaintsAbout = (...lists: unknown[]) =>
  workItemsSchema.safeParse(lists).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`)

const arbitraryItems = fc.array(fc.tuple(fc.string(), fc.nat(6), fc.nat(20)), { maxLength: 200 }).map((lists) => items(...lists))
const resources = fc.record({ CPU: fc.nat(128), RAM: fc.nat(64), GPU: fc.nat(8) })
const arbitraryClusters = fc.array(resources, { minLength: 1, maxLength: 8 })
const named = <Value>(values: readonly Value[]) => new Map(values.map((value, index) => [`c${index}`, value]))
const arbitraryWeights = fc.record({ CPU: fc.nat(10), RAM: fc.nat(10), GPU: fc.nat(10) })

describe('the share of a cluster', () => {
  it('is its part of what counts', () => {
    const clusters = new Map([
      ['laptop', { CPU: 4, RAM: 16 * gibibyte, GPU: 1 }],
      ['cloud', { CPU: 12, RAM: 64 * gibibyte, GPU: 0 }]
    ])
    const shares = weighClusters(clusters, thirds)
    // 0.6·4/12 + 0.2·16/64 + 0.2·1/1 of 0.45 + 0.8
    expect(shares.get('laptop')).toBeCloseTo(0.45 / 1.25, 12)
    expect(shares.get('cloud')).toBeCloseTo(0.8 / 1.25, 12)
  })
  it('leaves out a resource that no cluster has', () => {
    const without = named([
      { CPU: 1, RAM: gibibyte, GPU: 0 },
      { CPU: 3, RAM: gibibyte, GPU: 0 }
    ])
    expect(weighClusters(without, thirds)).toEqual(weighClusters(without, { ...thirds, GPU: 0 }))
  })
  it('is the same for each where nothing counts', () => {
    const clusters = named([
      { CPU: 1, RAM: 0, GPU: 0 },
      { CPU: 9, RAM: 0, GPU: 0 }
    ])
    const equal = named([0.5, 0.5])
    expect(weighClusters(clusters, resourceWeightsSchema.parse({}))).toEqual(equal)
    expect(weighClusters(clusters, resourceWeightsSchema.parse({ GPU: 1 }))).toEqual(equal)
  })
  it('does not depend on the sequence of the clusters, and all shares are 1', () => {
    fc.assert(
      fc.property(arbitraryClusters, arbitraryWeights, (clusters, weights) => {
        const shares = weighClusters(named(clusters), weights)
        expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
        const turned = weighClusters(new Map([...named(clusters)].reverse()), weights)
        for (const [name, share] of shares) expect(turned.get(name)).toBeCloseTo(share, 12)
      })
    )
  })
  it('is reckoned from the nodes that live, by what Ray calls its resources', () => {
    const node = { isAlive: true, resources: { CPU: 2, memory: 3e9, object_store_memory: 1e9, GPU: 1, 'node:10.0.0.1': 1 } }
    const dead = { ...node, isAlive: false }
    expect(resourcesOfCluster([node, dead, node, { isAlive: true, resources: {} }])).toEqual({ CPU: 4, RAM: 6e9, GPU: 2 })
  })
})

describe('items', () => {
  it('go the heaviest of the first first, each where the load is least for the share, of equal ones to the first', () => {
    const divided = divideItems(
      items(['a', 1, 2], ['b', 2, 3], ['c', 2, 4], ['d', 2, 3]),
      new Map([
        ['10', 0.5],
        ['2', 0.5]
      ])
    )
    expect([...divided].map(([name, part]) => [name, part.map(({ list }) => list[0])])).toEqual([
      ['10', ['c', 'a']],
      ['2', ['b', 'd']]
    ])
  })
  it('are sorted by text, too, letter by letter', () => {
    const order = (...texts: string[]) =>
      divideItems(items(...texts.map((text) => [text, 1])), new Map([['one', 1]]))
        .get('one')
        ?.map((item) => item.order)
    // Of these two, JavaScript itself holds the second for the greater.
    expect(order('a', '\u{1f600}', '\uffff', 'ab', '')).toEqual(['\u{1f600}', '\uffff', 'ab', 'a', ''])
  })
  it('are all divided, each once, and no cluster gets more than its share and one item', () => {
    fc.assert(
      fc.property(arbitraryItems, arbitraryClusters, arbitraryWeights, (all, clusters, weights) => {
        const shares = weighClusters(named(clusters), weights)
        const divided = divideItems(all, shares)
        expect([...divided.keys()]).toEqual([...shares.keys()])
        const given = [...divided.values()].flat()
        expect(given).toHaveLength(all.length)
        expect(new Set(given)).toEqual(new Set(all))
        const loadOf = (part: typeof given) => part.reduce((sum, { weight }) => sum + weight, 0)
        for (const [name, part] of divided) {
          const share = shares.get(name)!
          if (share === 0) expect(part).toHaveLength(0)
          // What it had when it got its last item was no more than its share.
          else expect(loadOf(part.slice(0, -1))).toBeLessThanOrEqual(loadOf(all) * share * (1 + 1e-9))
        }
      })
    )
  })
  it('that can not be weighed or sorted are named', () => {
    expect(complaintsAbout([1, 2], ['x'], [], [1, '2'], [null, 1], [1, -1], [1, 2, 3])).toEqual(
      [1, 2, 3, 4, 5].map((position) => expect.stringMatching(`^${position} write a list that ends in`))
    )
    expect(complaintsAbout([1, 2], [3, 'x', 4], ['y', 5])).toEqual([expect.stringMatching('^1 .* they can not be sorted$')])
    expect(complaintsAbout([1, Number.POSITIVE_INFINITY], 7)).toHaveLength(2)
    expect(complaintsAbout()).toBeUndefined()
  })
})
