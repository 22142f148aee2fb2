import { describe, expect, it } from 'vitest'
import { type Absence, isTakenAway, stillAbsent } from '../src/orchestration/absence.ts'

/** Whether a request that was not found at these looks, in seconds, counts as taken away. */
function judge(...looks: number[]): boolean {
  let absence: Absence | undefined
  for (const second of looks) absence = stillAbsent(absence, second * 1000)
  return absence !== undefined && isTakenAway(absence)
}

describe('a request that is not in its bucket', () => {
  it('counts as taken away when it was not there for half a minute', () => {
    expect(judge(0)).toBe(false)
    expect(judge(0, 10, 20)).toBe(false)
    expect(judge(0, 10, 20, 30)).toBe(true)
    expect(judge(0, 30)).toBe(true)
    expect(judge(0, 60)).toBe(true)
  })
  it('may have been there between two looks that lie far apart', () => {
    expect(judge(0, 61)).toBe(false)
    expect(judge(0, 61, 91)).toBe(true)
  })
})
