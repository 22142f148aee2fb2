import { RefusedError, UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { judgeAccount, listAssociations } from '../src/slurm/accounts.ts'
import { checkSlurm } from '../src/slurm/check-slurm.ts'
import { testSubmission } from '../src/slurm/test-submission.ts'

const printed = (stdout: string, exitCode = 0, stderr = '') => ({ stdout, stderr, exitCode })
const submission = {
  jobName: 'n',
  script: '#!/bin/sh\n',
  workingDirectory: null,
  array: null,
  options: {},
  modules: [],
  token: 't',
  try: 1
}

describe('what a user may bill', () => {
  const read = (text: string, enforced = 'associations,limits,qos,safe') =>
    listAssociations.parse(printed(`enforced ${enforced}\n${text}`))

  it('is read with the lowest of its limits', () => {
    expect(read('project_1||400|200|300|\nproject_2|small||||1-00:00:00\n')).toEqual([
      { account: 'project_1', partition: null, mostSubmitted: 300, mostRunning: 200, mostSeconds: null },
      { account: 'project_2', partition: 'small', mostSubmitted: null, mostRunning: null, mostSeconds: 86_400 }
    ])
  })
  it('is told when the account of the platform is among it, or none is set', () => {
    const associations = read('project_1||400|200|\nproject_2|small|||\n')
    const told = 'project_1 (at most 400 jobs, at most 200 running); project_2 in small'
    expect([judgeAccount(associations, 'project_2'), judgeAccount(associations, null)]).toEqual([told, told])
  })
  it('is no account, or not that of the platform: refused with what there is', () => {
    expect(() => judgeAccount(read(''), null)).toThrow(RefusedError)
    expect(() => judgeAccount(read('project_1||||\n'), 'project_3')).toThrow(/may not bill project_3, but project_1/)
  })
  it('does not matter where SLURM enforces nothing of it, also when there is no list', () => {
    for (const enforced of ['none', 'wckeys', 'nojobs,nosteps']) expect(read('', enforced), enforced).toBeNull()
    expect(judgeAccount(null, 'project_3')).toBe('SLURM takes jobs of any account here')
    for (const enforced of ['associations', 'limits', 'qos', 'safe', 'all', '']) expect(read('', enforced), enforced).toEqual([])
  })
  it('is not known while the database does not answer', () => {
    expect(() => listAssociations.parse(printed('', 1, 'Connection refused'))).toThrow(UnavailableError)
  })
})

describe('SLURM', () => {
  it('is there when one of its controllers is', () => {
    const words = 'slurm-wlm 22.05.8\nSlurmctld(primary) at a is DOWN\nSlurmctld(backup) at b is UP\n'
    expect(checkSlurm.parse(printed(words, 1))).toBe(
      'slurm-wlm 22.05.8, Slurmctld(primary) at a is DOWN, Slurmctld(backup) at b is UP'
    )
    const down = () => checkSlurm.parse(printed('slurm-wlm 22.05.8\nSlurmctld(primary) at a is DOWN\n'))
    expect(down).toThrow('at a is DOWN')
    expect(() => checkSlurm.parse(printed('', 127, 'sh: scontrol: not found'))).toThrow('sh: scontrol: not found')
  })
})

describe('the answer to a job that is only asked about', () => {
  const read = (text: string) => testSubmission(submission, [], 60).parse(printed(text))

  it('is what sbatch said', () => {
    expect(read('tested 0\n\nsbatch: Job 4 to start at 2026-01-01T00:00:00\n')).toEqual({
      ...{ isAccepted: true, isLimitReached: false },
      words: 'Job 4 to start at 2026-01-01T00:00:00'
    })
    expect(read('tested 1\n\nsbatch: error: no\nallocation failure: no\n')).toEqual({
      ...{ isAccepted: false, isLimitReached: false },
      words: 'no\nallocation failure: no'
    })
    const limit = 'sbatch: error: AssocMaxSubmitJobLimit\nallocation failure: Job violates accounting/QOS policy\n'
    expect(read(`tested 1\n\n${limit}`)).toMatchObject({ isAccepted: false, isLimitReached: true })
    expect(read('no-directory -\n\n/x: no such directory\n')).toEqual({
      ...{ isAccepted: false, isLimitReached: false },
      words: '/x: no such directory'
    })
  })
  it('is none while SLURM is away, or when the platform talks nonsense', () => {
    expect(() => read('tested 1\n\nsbatch: error: Unable to contact slurm controller (connect failure)\n')).toThrow(
      UnavailableError
    )
    expect(() => read('tested 127\n\ntimeout: failed to run command ‘sbatch’: No such file or directory\n')).toThrow(
      UnavailableError
    )
    expect(() => read('tested 124\n\n\n')).toThrow('did not answer in 60 s')
    expect(() => read('')).toThrow(/nonsense: nothing/)
  })
})
