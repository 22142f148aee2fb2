import { RefusedError, UnavailableError } from '@lautta/core/errors'
import type { Limits } from '@lautta/core/platform/limits'
import { partitionSchema } from '@lautta/core/platform/partition'
import type { Scheduler, Submission } from '@lautta/platforms/scheduler'
import { describe, expect, it } from 'vitest'
import { createCheckLimits } from '../src/effects/check-limits.ts'
import { createKnownLimits } from '../src/known-limits.ts'

const partition = (name: string, minutes: number) =>
  partitionSchema.parse({ name, state: 'UP', 'is-default': name === 'small', 'time-limit-seconds': minutes * 60 })
const limitsOf = (minutes: number): Limits => ({
  partitions: [partition('small', minutes), partition('long', 600)],
  maxArraySize: null,
  associations: []
})

/** A scheduler that tells one after the other, the last again and again. */
function open(answers: readonly (Limits | Error | null)[], { isAccepted = false, isLimitReached = false } = {}) {
  let nowMs = 0
  let [asked, tested] = [0, 0]
  const scheduler = {
    async findLimits() {
      const answer = answers[Math.min(asked++, answers.length - 1)] ?? null
      if (answer instanceof Error) throw answer
      return answer
    },
    async testSubmission() {
      tested++
      return { isAccepted, isLimitReached, words: 'allocation failure: Requested time limit is invalid' }
    }
  } as Partial<Scheduler> as Scheduler
  const ofProfile = { partitions: [partition('small', 30)], partitionsReadAt: '2026-08' }
  const { check, explain } = createCheckLimits(
    createKnownLimits(() => new Date(nowMs)),
    ofProfile
  )
  const submission = (directive: string) => ({ script: `#!/bin/sh\n${directive}\n`, options: {} }) as Submission
  return {
    check: (directive: string) => check(scheduler, submission(directive)),
    explain: (directive: string) => explain(scheduler, submission(directive)),
    counts: () => [asked, tested],
    wait: (seconds: number) => (nowMs += seconds * 1000)
  }
}
const hour = '#SBATCH -t 60'

describe('a submission', () => {
  it('that is over a limit is refused when SLURM agrees, in words that say what would do', async () => {
    const { check, counts } = open([limitsOf(30)])
    const refusal = await check(hour).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(RefusedError)
    expect(refusal).toMatchObject({
      message:
        '--time=60 is too long: partition small allows 00:30:00. SLURM: allocation failure: Requested time limit is invalid',
      hint: 'it would fit into long'
    })
    expect(counts()).toEqual([1, 1])
  })
  it('that SLURM would take all the same is told, not refused', async () => {
    expect(await open([limitsOf(30)], { isAccepted: true }).check(hour)).toBe(
      '--time=60 is too long: partition small allows 00:30:00; SLURM takes the job all the same'
    )
  })
  it('that SLURM does not take for the number of jobs is left to wait, unless an array alone has more tasks', async () => {
    expect(await open([limitsOf(30)], { isLimitReached: true }).check(hour)).toBeNull()
    const own = { account: 'project_1', partition: null, mostSubmitted: 5, mostRunning: null, mostSeconds: null }
    const { check } = open([{ ...limitsOf(30), associations: [own] }], { isLimitReached: true })
    await expect(check('#SBATCH --array=1-6')).rejects.toThrow(/has 6 tasks: .* at most 5 jobs/)
  })
  it('within the limits costs one question in an hour, and one that asks for nothing none', async () => {
    const { check, counts, wait } = open([limitsOf(60)])
    expect(await check('true')).toBeNull()
    expect(counts()).toEqual([0, 0])
    for (const _ of [1, 2, 3]) expect(await check(hour)).toBeNull()
    expect(counts()).toEqual([1, 0])
    wait(3600)
    expect(await check(hour)).toBeNull()
    expect(counts()).toEqual([2, 0])
  })
  it('is compared with fresh limits before anything is refused', async () => {
    const { check, counts, wait } = open([limitsOf(30), limitsOf(60)])
    await check('#SBATCH -t 5')
    wait(60)
    expect(await check(hour)).toBeNull()
    expect(counts()).toEqual([2, 0])
  })
  it('is left to SLURM where there are no limits, or nobody tells them, which is not asked for each job', async () => {
    const { check, counts, wait } = open([new UnavailableError('slurmctld is away'), limitsOf(30)])
    for (const _ of [1, 2, 3]) expect(await check(hour)).toBeNull()
    expect(counts()).toEqual([1, 0])
    wait(60)
    await expect(check(hour)).rejects.toThrow(RefusedError)
    expect(await open([null]).check(hour)).toBeNull()
  })
})

describe('a refusal by SLURM', () => {
  it('is explained by the limits, and by those of the profile while nobody tells others', async () => {
    expect(await open([limitsOf(30)]).explain(hour)).toBe(
      '--time=60 is too long: partition small allows 00:30:00; it would fit into long'
    )
    const told = await open([new UnavailableError('slurmctld is away')]).explain(hour)
    expect(told).toMatch(/^--time=60 is too long: .* \(as of 2026-08\)$/)
    expect(await open([limitsOf(60)]).explain(hour)).toBeUndefined()
  })
})
