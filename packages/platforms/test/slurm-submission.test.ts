import { UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { judgeFailure } from '../src/slurm/judge-failure.ts'
import { sbatchOptions } from '../src/slurm/sbatch-options.ts'
import { scancel } from '../src/slurm/scancel.ts'
import { submitJob } from '../src/slurm/submission.ts'

const failed = (words: string) => `sbatch: error: Batch job submission failed: ${words}`

describe('an sbatch that failed', () => {
  it('was refused in words about the job', () => {
    expect(judgeFailure('1', failed('Invalid partition name specified'))).toEqual({
      kind: 'refused',
      reason: 'Batch job submission failed: Invalid partition name specified'
    })
    expect(judgeFailure('255', "sbatch: unrecognized option '--x'")?.kind).toBe('refused')
    expect(judgeFailure('1', 'sbatch: error: AssocMaxSubmitJobLimit')?.kind).toBe('limit-reached')
  })
  it("is the site's own trouble in words about slurmctld, or when it did not begin", () => {
    for (const words of [
      'I/O error writing script/environment to file',
      'Unable to create job record, try again',
      'Slurm backup controller in standby mode',
      'Controller is in standby mode, try a different controller',
      'Rate limit exceeded, please retry later',
      'Incompatible versions of client and server code',
      'Unable to resolve user ID to user name'
    ]) {
      expect(judgeFailure('1', failed(words))?.kind, words).toBe('unavailable')
    }
    const loader = 'sbatch: error while loading shared libraries: libslurmfull.so: cannot open shared object file'
    expect(judgeFailure('127', loader)?.kind).toBe('unavailable')
    expect(judgeFailure('126', 'timeout: failed to run command ‘sbatch’: Permission denied')?.kind).toBe('unavailable')
  })
  it('leaves open whether there is a job when it was ended, said nothing, or lost slurmctld', () => {
    for (const [exitCode, words] of [
      ['124', 'sbatch: error: slow'],
      ['137', 'sbatch: error: slow'],
      ['1', ''],
      ['0', 'thank you'],
      [null, 'sbatch: error: slow'],
      ['1', failed('Socket timed out on send/recv operation')],
      // A wrapper may have called it before.
      ['127', '/usr/local/bin/sbatch: 9: tell_quota: not found']
    ] as const) {
      expect(judgeFailure(exitCode, words), words).toBeNull()
    }
  })
})

const submission = {
  token: 't',
  try: 1,
  jobName: 'n.t',
  script: '',
  workingDirectory: null,
  modules: [],
  array: null,
  options: {}
}

describe('a submission', () => {
  it('has no value of a variable in its arguments', () => {
    const { argv, stdin } = submitJob({ ...submission, environment: { KEY: 'hidden' } }, [], 60)
    expect(argv.join(' ')).not.toMatch('hidden')
    expect(stdin).toBe('export KEY=hidden\n')
  })
})

describe('the answer to a submission', () => {
  const { parse } = submitJob(submission, [], 60)
  const read = (first: string, words: string) => parse({ stdout: `${first}\n\n${words}\n`, stderr: '', exitCode: 0 })

  it('is that the site is away, and then, while its right is used up by that, that it was lost', () => {
    const words = failed('I/O error writing script/environment to file')
    expect(() => read('now - 1', words)).toThrow(UnavailableError)
    expect(read('before - 1', words)).toEqual({ kind: 'answer-lost' })
  })
})

describe("sbatch's words for options", () => {
  it('leave none of ours to one before it that lacks its value', () => {
    expect(
      sbatchOptions({ array: '1-4%2', options: { comment: true, exclusive: true, hold: true, account: 'project_1', nodes: 2 } })
    ).toEqual([...['--array=1-4%2', '--account=project_1', '--nodes=2', '--hold', '--comment', '--exclusive']])
  })
})

describe('scancel', () => {
  it('gets no word that is no id, because it would end none of the others', () => {
    expect(scancel(['7', 'Project_2001234:', '8']).argv.slice(-3)).toEqual(['scancel', '7', '8'])
  })
  it('has not ended what it does not say of', () => {
    const said = (stderr: string) => () => scancel(['7']).parse({ stdout: '', stderr, exitCode: 1 })
    expect(said('scancel: error: Kill job error on job id 7: Invalid job id specified')).not.toThrow()
    expect(said('scancel: error: Invalid job id 7x')).toThrow(UnavailableError)
  })
})
