import { describe, expect, it } from 'vitest'
import { createLimit } from '../src/limit-concurrency.ts'

describe('a limit on what is under way at once', () => {
  it('serves who waits in the sequence of coming', async () => {
    const enter = createLimit(2)
    const begun: number[] = []
    const runs = [0, 1, 2, 3, 4].map(async (number) => {
      const leave = await enter()
      begun.push(number)
      return leave
    })
    const first = await runs[0]
    expect(begun).toEqual([0, 1])
    first?.()
    await runs[2]
    expect(begun).toEqual([0, 1, 2])
    for (const run of [1, 2, 3]) (await runs[run])?.()
    await runs[4]
    expect(begun).toEqual([0, 1, 2, 3, 4])
  })
  it('takes a place that is given back twice as given back once', async () => {
    const enter = createLimit(1)
    const leave = await enter()
    leave()
    leave()
    await enter()
    let hasEntered = false
    void enter().then(() => {
      hasEntered = true
    })
    await new Promise(setImmediate)
    expect(hasEntered).toBe(false)
  })
})
