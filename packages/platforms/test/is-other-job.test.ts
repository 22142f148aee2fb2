import { describe, expect, it } from 'vitest'
import { isOtherJob } from '../src/slurm/is-other-job.ts'

describe('a job with the id of ours', () => {
  const acceptedAt = '2026-11-20T12:00:00.000Z'
  const acceptedAtEpoch = Date.parse(acceptedAt) / 1000
  const is = (jobName: string, submittedAtEpoch: number | null) =>
    isOtherJob({ jobName, submittedAtEpoch }, { token: () => 'abc123', acceptedAt })

  it('is another one when it has another name and was submitted long after', () => {
    expect(is('theirs', acceptedAtEpoch + 601)).toBe(true)
    expect(is('abc123', acceptedAtEpoch + 601)).toBe(true)
  })
  it('is ours when it has our name, however late it was requeued', () => {
    expect(is('train.abc123', acceptedAtEpoch + 86_400)).toBe(false)
  })
  it('is ours when it was submitted as we were told, whatever it is called now', () => {
    expect(is('renamed', acceptedAtEpoch - 1)).toBe(false)
    expect(is('renamed', acceptedAtEpoch + 600)).toBe(false)
    expect(is('renamed', null)).toBe(false)
  })
})
