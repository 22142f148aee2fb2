import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { mapLimited } from '../src/map-limited.ts'

it('a limited map has no more under way than it may, and keeps the sequence', async () => {
  const items = Array.from({ length: 1000 }, (_, index) => index)
  let underWay = 0
  let most = 0
  const doubled = await mapLimited(items, 16, async (item) => {
    most = Math.max(most, ++underWay)
    // Some take longer than others.
    for (let left = item % 7; left >= 0; left--) await turn()
    underWay--
    return item * 2
  })
  expect(doubled).toEqual(items.map((item) => item * 2))
  expect(most).toBe(16)
})

it('a limited map of nothing, or of less than its limit, comes to its end', async () => {
  expect(await mapLimited([], 16, async () => 1)).toEqual([])
  expect(await mapLimited([1, 2], 16, async (item) => item)).toEqual([1, 2])
})

it('a limited map fails with what failed', async () => {
  await expect(mapLimited([1, 2, 3], 2, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
})

it('a limited map begins nothing more once one has failed', async () => {
  const begun: number[] = []
  const map = async (item: number): Promise<void> => {
    begun.push(item)
    await turn()
    if (item === 0) throw new Error('no')
  }
  await expect(
    mapLimited(
      Array.from({ length: 20 }, (_, index) => index),
      4,
      map
    )
  ).rejects.toThrow('no')
  for (let turns = 0; turns < 20; turns++) await turn()
  expect(begun).toEqual([0, 1, 2, 3])
})
