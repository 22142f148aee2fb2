import { UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { createCommandBudget } from '../src/slurm/command-budget.ts'

describe('the budget of SLURM commands', () => {
  it('lets a burst begin at once and the rest at the rate, a fifth of it for the monitor', async () => {
    for (const [service, burst] of [
      ['submitter', 80],
      ['monitor', 20]
    ] as const) {
      const budget = createCommandBudget(10, service)
      const begun: number[] = []
      const startMs = performance.now()
      await Promise.all(
        Array.from({ length: burst + 2 }, async () => {
          await budget.take(1, 'first')
          begun.push(performance.now() - startMs)
        })
      )
      // Ten times its share of ten a second; then one after another.
      expect(begun.at(-2)).toBeGreaterThanOrEqual(10_000 / burst - 5)
      expect(begun.at(-1)).toBeGreaterThanOrEqual(2 * (10_000 / burst) - 5)
      expect(begun[burst - 1]).toBeLessThan(begun.at(-2) ?? 0)
    }
  })

  it('gives up who waits when it is closed, and whoever comes after', async () => {
    const budget = createCommandBudget(0.001, 'monitor')
    await budget.take(1, 'first')
    const waiting = budget.take(1, 'second')
    budget.close()
    await expect(waiting).rejects.toThrow(UnavailableError)
    await expect(budget.take(1, 'first')).rejects.toThrow(UnavailableError)
  })
})
