import { describe, expect, it } from 'vitest'
import { createPlaces } from '../src/places.ts'

describe('the places of the monitor', () => {
  it('are never all one user’s, so that another’s work begins at once; what waits begins in its sequence', async () => {
    const inPlace = createPlaces(4, 3)
    const begun: string[] = []
    const ends: (() => void)[] = []
    const hold = (user: string, name: string) =>
      inPlace(user, () => {
        begun.push(name)
        return new Promise<void>((resolve) => ends.push(resolve))
      })
    const all = ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2'].map((name) => hold(name.slice(0, 1), name))
    const next = () => new Promise((resolve) => setImmediate(resolve))
    await next()
    expect(begun).toEqual(['a1', 'a2', 'a3', 'b1'])
    for (let ended = 0; ended < all.length; ended++) {
      ends[ended]?.()
      await next()
    }
    await Promise.all(all)
    expect(begun.slice(4)).toEqual(['b2', 'a4', 'a5'])
  })
  it('are free again after work that failed', async () => {
    const inPlace = createPlaces(1, 1)
    const failed = inPlace('a', async () => {
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await inPlace('a', async () => 1)).toBe(1)
  })
})
