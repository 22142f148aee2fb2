import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTasks, parseArray, parseTasks } from '../src/job/task-set.ts'

describe('the tasks of an array', () => {
  it.each([
    ['0-3', [0, 1, 2, 3], null],
    ['1-100:20', [1, 21, 41, 61, 81], null],
    ['4,7,22', [4, 7, 22], null],
    ['0-2,7,1%5', [0, 1, 2, 7], 5],
    [' 5 ', [5], null],
    ['[1-3]', [1, 2, 3], null],
    ['[1-3]%2', [1, 2, 3], 2],
    ['1-3%0', [1, 2, 3], null],
    ['1, 3,\t5-  7', [1, 3, 5, 6, 7], null]
  ])('are read from %j as sbatch reads them', (text, tasks, mostAtOnce) => {
    expect(parseArray(text)).toEqual({ tasks, mostAtOnce })
  })

  it.each(['', '%5', '3-1', '1-9:0', '1-', '-3', '1,,2', 'a', '1 2', '1 ,3', '[[1]', '0-4000001', '0-99999,0-99999', '1%2%3'])(
    'are not read from %j',
    (text) => {
      expect(parseArray(text)).toBeNull()
    }
  )

  it('are the same after they were written the short way', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(5000), { maxLength: 300 }), (tasks) => {
        expect(parseTasks(formatTasks(tasks))).toEqual(tasks.toSorted((one, other) => one - other))
      })
    )
    expect(formatTasks([7, 0, 1, 2, 9])).toBe('0-2,7,9')
  })
})
