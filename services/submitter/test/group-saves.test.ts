import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupSaves } from '../src/group-saves.ts'

function open() {
  const written: number[][] = []
  const ends: { resolve(): void; reject(error: Error): void }[] = []
  const saves = groupSaves<readonly number[]>([], (state) => {
    written.push([...state])
    return new Promise((resolve, reject) => ends.push({ resolve: () => resolve(state), reject }))
  })
  const add = (number: number) => saves.change([...saves.latest(), number])
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return { saves, written, ends, add, settle }
}

describe('saves of one state', () => {
  it('are one at a time, and what changes meanwhile is saved together', async () => {
    const { saves, written, ends, add, settle } = open()
    const first = add(1)
    await settle()
    const [second, third] = [add(2), add(3)]
    expect([written, saves.saved(), saves.latest()]).toEqual([[[1]], [], [1, 2, 3]])
    ends[0]?.resolve()
    await first
    expect(saves.saved()).toEqual([1])
    await settle()
    expect(written).toEqual([[1], [1, 2, 3]])
    ends[1]?.resolve()
    await Promise.all([second, third, saves.settled()])
    expect(saves.saved()).toEqual([1, 2, 3])
  })
  it('that fail take with them what was built on them, and nothing else', async () => {
    const { saves, written, ends, add, settle } = open()
    const told: string[] = []
    const tell = (name: string, change: Promise<void>) =>
      change.then(
        () => told.push(name),
        () => told.push(`not ${name}`)
      )
    const first = tell('first', add(1))
    await settle()
    const second = tell('second', add(2))
    ends[0]?.reject(new Error('the store is away'))
    await Promise.all([first, second])
    expect([saves.saved(), saves.latest(), told]).toEqual([[], [], ['not first', 'not second']])
    const third = tell('third', add(3))
    await settle()
    ends[1]?.resolve()
    await third
    expect([saves.saved(), written]).toEqual([[3], [[1], [3]]])
  })
  it('end with all that was told to be saved, whatever fails in whatever sequence', async () => {
    const step = fc.oneof(fc.constant('add' as const), fc.constant('resolve' as const), fc.constant('reject' as const))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { saves, ends, add, settle } = open()
        const kept: number[] = []
        let number = 0
        const changes: Promise<unknown>[] = []
        for (const one of steps) {
          if (one === 'add') {
            const mine = number++
            changes.push(
              add(mine).then(
                () => kept.push(mine),
                () => {}
              )
            )
          } else if (one === 'resolve') ends.shift()?.resolve()
          else ends.shift()?.reject(new Error('the store is away'))
          if (one !== 'add') await settle()
        }
        for (const _ of changes) {
          await settle()
          ends.shift()?.resolve()
        }
        await Promise.all(changes)
        expect(saves.saved()).toEqual(kept)
        expect(saves.latest()).toBe(saves.saved())
      })
    )
  })
})
