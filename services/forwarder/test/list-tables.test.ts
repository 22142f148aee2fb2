import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ListOptions } from '@lautta/object-store/object-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFolderStore } from '../../../packages/object-store/src/folder/folder-store.ts'
import { listTables } from '../src/tables/list-tables.ts'

const ids = ['1abc', 'my-order', 'my-order-2', 'my.order', ...Array.from({ length: 12 }, (_none, at) => `01k${10 + at}`)]

let root: string
let asked: ListOptions[]
/** A store that lists five names at a time. */
const open = () => {
  const store = createFolderStore(root)
  const list = (bucket: string, options: ListOptions) => {
    asked.push(options)
    return store.list(bucket, { ...options, limit: 5 })
  }
  return { ...store, list } as typeof store
}
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-tables-'))
  asked = []
  const store = createFolderStore(root)
  for (const id of ids) for (const job of [0, 1]) await store.put('b', `T/${id}-lumi-${job}-1.parquet`, Buffer.from('x'))
  for (const name of ['a', 'my', 'zz']) await store.put('b', `T/${name}.parquet`, Buffer.from('x'))
})
afterEach(() => rm(root, { recursive: true }))

describe('listing the tables of some orders', () => {
  it.each([
    [[]],
    [['01k21']],
    [['my-order']],
    [['01k10', '01k15', 'my.order']],
    [['my-order', '1abc']],
    [['none', '01k17', '00']],
    [ids]
  ])('finds all of %j in no more requests than there are parts', async (orders) => {
    const found = (await listTables(open(), 'b', 'T/', orders)).map(({ path }) => path)
    const expected = orders.filter((id) => ids.includes(id)).flatMap((id) => [0, 1].map((job) => `T/${id}-lumi-${job}-1.parquet`))
    expect(found).toEqual(expect.arrayContaining(expected))
    expect(new Set(found).size).toBe(found.length)
    expect(asked.length).toBeLessThanOrEqual(Math.min(7, 2 * orders.length))
  })

  it('leaves out those before, and those behind', async () => {
    const found = await listTables(open(), 'b', 'T/', ['01k20', '01k21'])
    expect(found).toHaveLength(4)
    expect(asked).toHaveLength(1)
  })
})
