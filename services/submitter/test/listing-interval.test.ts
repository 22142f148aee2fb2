import { describe, expect, it } from 'vitest'
import { nextIntervalSeconds } from '../src/listing-interval.ts'

function quietIntervals(pollSeconds: number, count: number): number[] {
  const intervals = [pollSeconds]
  while (intervals.length < count) intervals.push(nextIntervalSeconds(intervals.at(-1) ?? 0, pollSeconds, false))
  return intervals
}

describe('the interval between listings', () => {
  it('grows by half while nothing changes, to five times the configured one', () => {
    expect(quietIntervals(2, 7)).toEqual([2, 3, 4.5, 6.75, 10, 10, 10])
  })
  it('grows by no more than a minute', () => {
    expect(quietIntervals(60, 5)).toEqual([60, 90, 120, 120, 120])
  })
  it('is the configured one as soon as something changed', () => {
    expect(nextIntervalSeconds(10, 2, true)).toBe(2)
  })
})
