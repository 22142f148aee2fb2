import { RefusedError } from '@lautta/core/errors'
import type { RightTrace, Scheduler, SubmissionTrace } from '@lautta/platforms/scheduler'
import { describe, expect, it } from 'vitest'
import { createFindSubmission, createLooks } from '../src/effects/find-submission.ts'
import type { PlatformWork } from '../src/effects/job-work.ts'

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

/** A job whose submission was not answered, and what was asked of the platform and told about it. */
function lose(right: RightTrace, found: SubmissionTrace, array: string | null = null) {
  let nowMs = 0
  const done: string[] = []
  const scheduler = {
    lookTimes: times,
    readRight: async () => right,
    findSubmission: async (_right: unknown, since: Date) => {
      done.push(`searched since ${since.toISOString()}`)
      return found
    },
    cancelPending: async (id: string) => {
      if (id === '8') throw new RefusedError('Job is no longer pending execution')
      done.push(`ended ${id}`)
    }
  } as unknown as Scheduler
  const state = { kind: 'submitting', try: 1, answerLost: true }
  const work = {
    job: { state, array, index: 0, attempt: 1, version: null, startOrderedAt: '2026-11-20T12:00:00.000Z' },
    ...{
      user: 'u',
      known: { name: 'lumi' },
      management: { tokenOf: () => 'token' },
      platform: { scheduler },
      order: { id: '1', request: { request: { platforms: {} }, version: null } }
    },
    logger: { error: (_about: unknown, words: string) => done.push(`logged: ${words}`) },
    notice: async (words: string) => void done.push(`noticed: ${words}`)
  } as unknown as PlatformWork
  const find = createFindSubmission(createLooks(), () => new Date(nowMs))
  return { done, look: () => find(work), wait: (seconds: number) => (nowMs += seconds * 1000) }
}

describe('a look for a submission', () => {
  it('leaves SLURM in peace until sbatch must have ended', async () => {
    const { done, look, wait } = lose({ kind: 'taken', hasAnswered: false }, nothing)
    await look()
    wait(64)
    await look()
    expect(done).toEqual([])
    wait(1)
    await look()
    expect(done).toEqual(['searched since 2026-11-20T12:00:00.000Z'])
  })
  it('asks SLURM at once when sbatch has ended, and not at all when the folder knows', async () => {
    const ended = lose({ kind: 'taken', hasAnswered: true }, { kind: 'closed' })
    expect(await ended.look()).toEqual({ type: 'submissionNotFound' })
    expect(ended.done).toHaveLength(1)
    const unused = lose({ kind: 'closed' }, nothing)
    expect(await unused.look()).toEqual({ type: 'submissionNotFound' })
    expect(unused.done).toEqual([])
  })
  it('that finds more than one job keeps the first, ends what of the others has not begun, and tells', async () => {
    const jobs = { kind: 'found' as const, slurmJobId: '7', others: ['9', '8'], outPath: null, errPath: null }
    const { done, look } = lose(jobs, nothing)
    expect(await look()).toMatchObject({ type: 'submissionAccepted', slurmJobId: '7' })
    const left = '8 left alone (Job is no longer pending execution)'
    const words = `SLURM has more than one job of this submission: 7 is kept, 9 ended if not begun, ${left}`
    expect(done).toEqual(['ended 9', `logged: ${words}`, `noticed: ${words}`])
  })
  it('that finds an array whose logs nobody knows tells that', async () => {
    const found = { kind: 'found' as const, slurmJobId: '7', others: [], outPath: null, errPath: null }
    const { done, look } = lose(found, nothing, '1-4')
    await look()
    expect(done).toEqual([expect.stringMatching(/^noticed: .*%A_%a/)])
  })
  it('that finds an array which nobody asked for tells that', async () => {
    const found = { kind: 'found' as const, slurmJobId: '7', others: [], outPath: '/users/u/slurm-7_%a.out', errPath: null }
    const { done, look } = lose(found, nothing)
    await look()
    expect(done).toEqual([expect.stringMatching(/^noticed: SLURM made it an array/)])
    const asked = lose(found, nothing, '1-4')
    await asked.look()
    expect(asked.done).toEqual([])
  })
})
