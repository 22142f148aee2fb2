import { describe, expect, it } from 'vitest'
import { createLooks } from '../src/effects/find-submission.ts'

const times = { submitBoundSeconds: 65, settleSeconds: 10, looks: 3 }
const nothing = { kind: 'no-trace' as const, counts: true }
const unanswered = { kind: 'no-trace' as const, counts: false }

/** What the looks say, each at its second. */
function judgeAll(looks: readonly [number, Parameters<ReturnType<typeof createLooks>['judge']>[1]][]) {
  const { judge } = createLooks()
  return looks.map(([second, trace]) => judge('token/1', trace, times, second * 1000)?.type ?? 'not yet known')
}

describe('a submission whose answer was lost', () => {
  it('is adopted as soon as a job is found', () => {
    const found = { kind: 'found' as const, slurmJobId: '7', outPath: null, errPath: null, others: [] }
    expect(judgeAll([[0, found]])).toEqual(['submissionAccepted'])
  })
  it('is taken for never made at once when nobody had taken the right', () => {
    expect(judgeAll([[0, { kind: 'closed' }]])).toEqual(['submissionNotFound'])
  })
  it('is looked for three times, and not before sbatch must have ended and slurmctld have settled', () => {
    const seconds = [0, 30, 74, 75, 77, 79]
    expect(judgeAll(seconds.map((second) => [second, nothing]))).toEqual([
      ...['not yet known', 'not yet known', 'not yet known'],
      ...['not yet known', 'not yet known', 'submissionNotFound']
    ])
  })
  it('is not looked for in vain: only looks that SLURM answered count, and it must have settled before', () => {
    expect(
      judgeAll([
        ...[0, 100, 200, 300].map((second): [number, typeof unanswered] => [second, unanswered]),
        ...[400, 409, 410, 411, 412].map((second): [number, typeof nothing] => [second, nothing])
      ])
    ).toEqual([...Array(8).fill('not yet known'), 'submissionNotFound'])
  })
  it('is looked for anew in its next try', () => {
    const { judge } = createLooks()
    for (const second of [0, 75, 76]) judge('token/1', nothing, times, second * 1000)
    expect(judge('token/2', nothing, times, 77_000)).toBeNull()
    expect(judge('token/1', nothing, times, 77_000)).toEqual({ type: 'submissionNotFound' })
  })
})
