import { RefusedError, UnavailableError } from '@lautta/core/errors'
import type { Scheduler, Submission } from '@lautta/platforms/scheduler'
import { describe, expect, it } from 'vitest'
import { createCheckAccount } from '../src/effects/check-account.ts'

function open(answers: (readonly string[] | null | Error)[]) {
  let nowMs = 0
  let asked = 0
  const scheduler = {
    async findAccounts() {
      const answer = answers[Math.min(asked++, answers.length - 1)] ?? null
      if (answer instanceof Error) throw answer
      return answer
    }
  } as Scheduler
  const check = createCheckAccount(() => new Date(nowMs))
  const bill = (script: string, options: Submission['options'] = {}) =>
    check(scheduler, { script: `#!/bin/sh\n${script}\n`, options } as Submission)
  return { bill, asked: () => asked, wait: (seconds: number) => (nowMs += seconds * 1000) }
}

describe('the account of a submission', () => {
  it('is refused when the user may not bill it, and what may be billed is told', async () => {
    const { bill, asked } = open([['project_1', 'project_2']])
    const refusal = await bill('#SBATCH --account=project_9').catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(RefusedError)
    expect(refusal).toMatchObject({
      message: 'you may not bill project_9 on this platform',
      hint: 'what you may bill: project_1, project_2'
    })
    await expect(bill('true', { account: 'project_9' })).rejects.toThrow(RefusedError)
    await bill('#SBATCH -A project_1')
    await bill('#SBATCH -A project_9', { account: 'project_2' })
    expect(asked()).toBe(1)
  })
  it('is asked about again before a refusal, when somebody may have become a member since', async () => {
    const { bill, asked, wait } = open([['project_1'], ['project_1', 'project_2']])
    await bill('#SBATCH -A project_1')
    wait(60)
    await bill('#SBATCH -A project_2')
    expect(asked()).toBe(2)
  })
  it('is left to SLURM where nothing is billed, none is named, or nobody tells, which is not asked for each job', async () => {
    const { bill, asked } = open([new UnavailableError('slurmdbd is away')])
    await bill('true')
    expect(asked()).toBe(0)
    for (const _ of [1, 2, 3]) await bill('#SBATCH -A project_1')
    expect(asked()).toBe(1)
    await open([null]).bill('#SBATCH -A project_1')
  })
})
