import { describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { gatherQuestions } from '../src/slurm/gather-questions.ts'

/** Answers each number with its double, and keeps what was asked together. */
function gatherNumbers(mostAtOnce: number, answerWhen: Promise<void> = Promise.resolve()) {
  const batches: (readonly number[])[] = []
  const ask = gatherQuestions<number, number>(mostAtOnce, async (numbers) => {
    batches.push(numbers)
    await answerWhen
    if (numbers.includes(13)) throw new Error('thirteen')
    return numbers.map((number) => number * 2)
  })
  return { ask, batches }
}

describe('gathered questions', () => {
  it('are one question, up to so many, and each has its own answer', async () => {
    const { ask, batches } = gatherNumbers(200)
    const numbers = Array.from({ length: 1000 }, (_, at) => at + 100)
    expect(await Promise.all(numbers.map(ask))).toEqual(numbers.map((number) => number * 2))
    expect(batches.map(({ length }) => length)).toEqual([200, 200, 200, 200, 200])
  })

  it('count for what their answers weigh, and one goes by itself however heavy it is', async () => {
    const batches: (readonly number[])[] = []
    const ask = gatherQuestions<number, number>(
      10,
      async (numbers) => {
        batches.push(numbers)
        return numbers
      },
      (number) => number
    )
    await Promise.all([4, 5, 2, 30, 1, 9].map(ask))
    expect(batches).toEqual([[4, 5], [2], [30], [1, 9]])
  })

  it('wait for others that come soon after', async () => {
    const { ask, batches } = gatherNumbers(200)
    const first = ask(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(await Promise.all([first, ask(2)])).toEqual([2, 4])
    expect(batches).toEqual([[1, 2]])
  })

  it('are asked one after the other, and wait while one is under way', async () => {
    let answer = () => {}
    const { ask, batches } = gatherNumbers(2, new Promise((resolve) => (answer = resolve)))
    const first = [ask(1), ask(2)]
    await until(() => batches.length > 0)
    const others = [ask(3), ask(4), ask(5)]
    // Longer than a full batch waits.
    await new Promise((resolve) => setTimeout(resolve))
    await new Promise((resolve) => setTimeout(resolve))
    expect(batches).toEqual([[1, 2]])
    answer()
    expect(await Promise.all([...first, ...others])).toEqual([2, 4, 6, 8, 10])
    expect(batches).toEqual([[1, 2], [3, 4], [5]])
  })

  it('fail together, and those after them are asked all the same', async () => {
    const { ask, batches } = gatherNumbers(2)
    const answers = await Promise.allSettled([ask(12), ask(13), ask(14)])
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    expect(batches).toEqual([[12, 13], [14]])
  })
})
