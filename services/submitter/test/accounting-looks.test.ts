import { describe, expect, it } from 'vitest'
import { createAccountingLooks, pauseAfterLooks } from '../src/accounting-looks.ts'

describe('the pauses between looks at accounting for a job that vanished', () => {
  it('double from the third on, up to five minutes', () => {
    const looks = [1, 2, 3, 4, 5, 6, 7]
    expect(looks.map((count) => pauseAfterLooks(count, 1))).toEqual([1, 1, 2, 4, 8, 16, 32])
    expect(looks.map((count) => pauseAfterLooks(count, 60))).toEqual([60, 60, 120, 240, 300, 300, 300])
  })

  it('are each job’s own, and begin anew when it was listed again', () => {
    let second = 0
    const looks = createAccountingLooks(10, () => new Date(second * 1000))
    for (let look = 0; look < 4; look++) looks.noteNoEnd('1', true)
    second = 30
    expect([looks.isDue('1'), looks.isDue('2')]).toEqual([false, true])
    looks.forget('1')
    expect(looks.isDue('1')).toBe(true)
    looks.noteNoEnd('1', true)
    second = 40
    expect(looks.isDue('1')).toBe(true)
  })
})

describe('a job of which accounting never heard', () => {
  /** The second at which it is lost, or null; `heardAt` names looks at which accounting knew it. */
  function lostAtSecond(pollSeconds: number, heardAt: readonly number[] = []): { second: number; looks: number } | null {
    let second = 0
    const looks = createAccountingLooks(pollSeconds, () => new Date(second * 1000))
    for (let look = 1; look <= 30; look++) {
      while (!looks.isDue('1')) second++
      if (looks.noteNoEnd('1', heardAt.includes(look))) return { second, looks: look }
    }
    return null
  }

  it('is lost after ten looks and five minutes', () => {
    expect(lostAtSecond(60)).toMatchObject({ looks: 10 })
    const soon = lostAtSecond(1)
    expect(soon?.looks).toBeGreaterThanOrEqual(10)
    expect(soon?.second).toBeGreaterThanOrEqual(300)
  })
  it('is not lost by looks at which accounting knew it, and its looks count from there', () => {
    expect(lostAtSecond(60, [9])).toMatchObject({ looks: 19 })
    expect(lostAtSecond(60, [9, 18, 27])).toBeNull()
  })
})
