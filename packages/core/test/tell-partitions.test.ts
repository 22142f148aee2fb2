import { describe, expect, it } from 'vitest'
import { billingFormulaSchema } from '../src/billing/billing-formula.ts'
import { partitionSchema } from '../src/platform/partition.ts'
import { tellPartitions } from '../src/platform/tell-partitions.ts'

const known = {
  partitions: [
    { name: 'large', 'time-limit-seconds': 60, 'max-nodes': 20, 'max-gpus': 4, 'gpus-per-node': 2, note: 'full nodes' },
    { name: 'gone' }
  ].map((one) => partitionSchema.parse(one)),
  billing: [billingFormulaSchema.parse({ partitions: ['large'], unit: 'cpu-bu', plus: [{ of: 'nodes', each: 100 }] })],
  partitionsReadAt: '2026-08'
}

describe('partitions', () => {
  it('are as the platform says, with what only the profile knows beside it', () => {
    const found = [
      { name: 'large', state: 'UP', 'time-limit-seconds': 90, 'max-nodes': null, 'gpus-per-node': 0 },
      { name: 'new', state: 'UP' }
    ].map((one) => partitionSchema.parse(one))
    const told = tellPartitions(known, { partitions: found, maxArraySize: 7, associations: [], readAt: new Date(0) })
    expect(told).toMatchObject({ 'read-at': '1970-01-01T00:00:00.000Z', 'max-array-size': 7 })
    expect(told.items).toEqual([
      // No limit of nodes: that is what the platform says.
      {
        ...found[0],
        ...{ 'max-gpus': 4, note: 'full nodes', source: 'platform', billing: '100·nodes CPU BU an hour' }
      },
      { ...found[1], source: 'platform', billing: null }
    ])
  })
  it('are the profile’s own while the platform says nothing', () => {
    const told = tellPartitions(known, null)
    expect(told.items.map(({ name, source }) => [name, source])).toEqual([
      ['large', 'profile'],
      ['gone', 'profile']
    ])
    expect(told).toMatchObject({ 'read-at': '2026-08', 'max-array-size': null, associations: [] })
  })
})
