import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCommandQueue, type Rank } from '../src/slurm/command-queue.ts'
import type { Rate } from '../src/slurm/token-bucket.ts'

interface Asked {
  atMs: number
  rank: Rank
  commands: number
}

const mostCommands = 3
const asked = fc.record({
  atMs: fc.integer({ min: 0, max: 20_000 }),
  rank: fc.constantFrom<Rank>('first', 'second'),
  commands: fc.integer({ min: 1, max: mostCommands })
})
const arrivals = fc
  .array(asked, { minLength: 1, maxLength: 120 })
  .map((all) => all.sort((one, other) => one.atMs - other.atMs).map((one, number) => ({ ...one, number })))
const rates = fc.record({
  perSecond: fc.double({ min: 0.1, max: 20, noNaN: true }),
  burst: fc.double({ min: 0.5, max: 50, noNaN: true })
})

/** Lets all of it happen, and tells when each began. */
function live(rate: Rate, all: readonly (Asked & { number: number })[]) {
  const queue = createCommandQueue(rate, 0)
  const begun: (Asked & { number: number; begunMs: number })[] = []
  let nowMs = 0
  let waitMs: number | null = null
  /** Until somebody comes, or to the end. */
  const passTime = (untilMs: number): void => {
    while (waitMs !== null && nowMs + waitMs <= untilMs) {
      nowMs += Math.ceil(waitMs)
      waitMs = queue.beginDue(nowMs)
    }
    nowMs = Math.max(nowMs, untilMs)
  }
  for (const one of all) {
    passTime(one.atMs)
    queue.add(one.rank, { commands: one.commands, begin: () => begun.push({ ...one, begunMs: nowMs }), giveUp: () => {} })
    waitMs = queue.beginDue(nowMs)
  }
  while (waitMs !== null) passTime(nowMs + waitMs)
  return begun
}

describe('the queue of SLURM commands', () => {
  it('begins within any time as many as the burst and the rate allow, and all in the end', () => {
    fc.assert(
      fc.property(rates, arrivals, (rate, all) => {
        const begun = live(rate, all)
        expect(begun).toHaveLength(all.length)
        for (const [at, first] of begun.entries()) {
          let commands = 0
          for (const last of begun.slice(at)) {
            commands += last.commands
            const allowed = Math.max(rate.burst, mostCommands) + ((last.begunMs - first.begunMs) * rate.perSecond) / 1000
            expect(commands).toBeLessThanOrEqual(allowed + 1e-6)
          }
        }
      })
    )
  })

  it('keeps the sequence of coming within a rank', () => {
    fc.assert(
      fc.property(rates, arrivals, (rate, all) => {
        for (const rank of ['first', 'second']) {
          const numbers = live(rate, all)
            .filter((one) => one.rank === rank)
            .map(({ number }) => number)
          expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
        }
      })
    )
  })

  it('lets what sees or ends jobs go before submissions, and one of those after four of the others', () => {
    const rate = { perSecond: 1, burst: 1 }
    const many = (rank: Rank, count: number) => Array.from({ length: count }, () => ({ atMs: 0, rank, commands: 1 }))
    const all = [...many('second', 3), ...many('first', 6)].map((one, number) => ({ ...one, number }))
    expect(live(rate, all).map(({ rank }) => rank)).toEqual([
      'second',
      ...['first', 'first', 'first', 'first', 'second', 'first', 'first', 'second']
    ])
  })

  it('begins at once what comes first, whose bucket is full', () => {
    fc.assert(
      fc.property(rates, arrivals, (rate, all) => {
        const [first] = live({ ...rate, burst: rate.burst + mostCommands }, all)
        expect(first?.begunMs).toBe(all[0]?.atMs)
      })
    )
  })
})
