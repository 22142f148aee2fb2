import { expect, it } from 'vitest'
import { isDeeperThan } from '../src/is-deeper-than.ts'

it('JSON is as deep as its deepest array or object', () => {
  expect(isDeeperThan('text', 0)).toBe(false)
  expect(isDeeperThan(null, 0)).toBe(false)
  expect(isDeeperThan([], 0)).toBe(true)
  expect(isDeeperThan([1, { a: [] }, 2], 3)).toBe(false)
  expect(isDeeperThan([1, { a: [] }, 2], 2)).toBe(true)
  expect(isDeeperThan(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)), 200)).toBe(true)
})
