import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countTasks, groupTasks, neverBegan, openTask, spreadTasks } from '../src/job/array-tasks.ts'
import { outcomes } from '../src/job/outcome.ts'
import { logPathOfTask } from '../src/job/task-log.ts'
import { formatTasks } from '../src/job/task-set.ts'

const anyState = fc.oneof(
  fc.constantFrom(openTask('queued', 'Priority'), openTask('running'), openTask('finishing')),
  fc.record({
    state: fc.constant('finished' as const),
    outcome: fc.constantFrom(...outcomes),
    exitCode: fc.constantFrom(0, 1, null),
    reason: fc.constantFrom(null, 'FAILED, exit code 1', neverBegan)
  })
)

describe('the tasks of an array', () => {
  it('are the same after they were grouped by their states, and counted each once', () => {
    const anyTasks = fc.uniqueArray(fc.tuple(fc.nat(2000), anyState), { minLength: 1, selector: ([task]) => task })
    fc.assert(
      fc.property(anyTasks, (entries) => {
        const states = new Map(entries.toSorted(([one], [other]) => one - other))
        const tasks = groupTasks(states)
        expect([...spreadTasks({ array: formatTasks(states.keys()), tasks })]).toEqual([...states])
        expect(Object.values(countTasks(tasks)).reduce((sum, count) => sum + count)).toBe(states.size)
        expect(new Set(tasks.map(({ tasks: _, ...state }) => JSON.stringify(state))).size).toBe(tasks.length)
      })
    )
  })
  it('have logs of their own, where the path has the place for their numbers', () => {
    expect(logPathOfTask('/scratch/run-20_%a.out', 7)).toBe('/scratch/run-20_7.out')
    expect(logPathOfTask('/scratch/%4a/%a.out', 12)).toBe('/scratch/0012/12.out')
    expect(logPathOfTask('/scratch/all.out', 12)).toBe('/scratch/all.out')
    // SLURM writes ten digits at most.
    expect(logPathOfTask('/scratch/%12a', 1)).toBe('/scratch/0000000001')
    expect(logPathOfTask('/scratch/%999999999a', 1)).toBe('/scratch/0000000001')
  })
})
