import { describe, expect, it } from 'vitest'
import { createSequence, createTurns } from '../src/in-turn.ts'

/** A work whose runs end when they are told to. */
function createWork() {
  const begun: (() => void)[] = []
  const work = () => new Promise<number>((resolve) => begun.push(() => resolve(begun.length)))
  const endLast = async () => {
    begun.at(-1)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { begun, work, endLast }
}

describe('a work that is asked for while it runs', () => {
  it('is done once more after it, however often it was asked for, and nobody who asks has to wait', async () => {
    const { begun, work, endLast } = createWork()
    const turns = createTurns(work)
    const first = turns.run()
    expect(await Promise.all([turns.run(), turns.run(), turns.run()])).toEqual([null, null, null])
    expect(begun).toHaveLength(1)
    await endLast()
    expect(begun).toHaveLength(2)
    await endLast()
    expect([await first, begun.length, turns.isRunning()]).toEqual([2, 2, false])
  })
  it('is done once more also when the first run failed', async () => {
    let runs = 0
    const turns = createTurns(async () => {
      if (++runs === 1) throw new Error('the first fails')
      return runs
    })
    const first = turns.run()
    expect(await turns.run()).toBeNull()
    expect(await first).toBe(2)
  })
  it('fails for who began it when nobody asked again', async () => {
    const turns = createTurns(async () => {
      throw new Error('it fails')
    })
    await expect(turns.run()).rejects.toThrow('it fails')
    expect(turns.isRunning()).toBe(false)
  })
  it('is waited for by who finishes', async () => {
    const { begun, work, endLast } = createWork()
    const turns = createTurns(work)
    void turns.run()
    void turns.run()
    let isFinished = false
    const finishing = turns.finish().then(() => {
      isFinished = true
    })
    await endLast()
    expect([isFinished, begun.length]).toEqual([false, 2])
    await endLast()
    await finishing
  })
})

describe('a sequence', () => {
  it('does one after the other, whether what came before succeeded or not', async () => {
    const done: number[] = []
    const inTurn = createSequence()
    const note = (number: number) => async () => {
      await new Promise((resolve) => setImmediate(resolve))
      done.push(number)
      if (number === 1) throw new Error('one fails')
      return number
    }
    const results = await Promise.allSettled([inTurn(note(1)), inTurn(note(2)), inTurn(note(3))])
    expect([done, results.map(({ status }) => status)]).toEqual([
      [1, 2, 3],
      ['rejected', 'fulfilled', 'fulfilled']
    ])
  })
})
