import { readAskedResources } from '@lautta/core/platform/asked-resources'
import { judgeRequest } from '@lautta/core/platform/judge-request'
import type { Limits } from '@lautta/core/platform/limits'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { composeTestJob } from './compose-test-job.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

describeOnSlurm('the limits of SLURM %s', (release) => {
  let under: TestSlurm
  let slurm: TestSlurm['slurm']
  let scheduler: TestSlurm['scheduler']
  beforeAll(async () => {
    under = await startTestSlurm(release)
    ;({ slurm, scheduler } = under)
    await root('sacctmgr', '-i', 'modify', 'user', 'csc', 'set', 'MaxSubmitJobs=30', 'MaxJobs=5', 'MaxWall=1-00:00:00')
    await root('sacctmgr', '-i', 'add', 'qos', 'spares', 'set', 'MaxSubmitJobsPerUser=20', 'MaxJobsPerUser=3')
    await root('sacctmgr', '-i', 'add', 'qos', 'long', 'set', 'Flags=PartitionTimeLimit')
    await root('sacctmgr', '-i', 'modify', 'user', 'csc', 'set', 'qos+=long')
    const hidden = ['PartitionName=hidden', 'Nodes=puhti-n1', 'Hidden=YES', 'AllowAccounts=root', 'MinNodes=1']
    await root('scontrol', 'create', ...hidden, 'State=DRAIN')
    // The quality may reach slurmctld a moment later.
    await until(
      async () => (await slurm.exec(['scontrol', 'update', 'PartitionName=spare', 'QOS=spares'], { as: 'root' })).exitCode === 0
    )
    limits = (await scheduler.findLimits())!
  })
  afterAll(() => under?.stop())

  let limits: Limits
  const root = async (...argv: string[]): Promise<void> => {
    const { stdout, stderr, exitCode } = await slurm.exec(argv, { as: 'root' })
    if (exitCode !== 0) throw new Error(stdout + stderr)
  }
  const partition = (name: string) => limits.partitions.find((one) => one.name === name)

  it('are those of every partition, hidden ones too', () => {
    expect(limits.partitions.map(({ name }) => name).sort()).toEqual(['gpu', 'hidden', 'medium', 'small', 'spare', 'test'])
    expect(partition('small')).toEqual({
      ...{ name: 'small', state: 'UP', 'is-default': true },
      ...{ 'time-limit-seconds': 3 * 86_400, 'default-time-seconds': 300, 'min-nodes': 0, 'max-nodes': 1, nodes: 2 },
      ...{
        'cores-per-node': 4,
        'memory-per-node-bytes': 4 * 1024 ** 3,
        'gpus-per-node': 2,
        'whole-nodes': false,
        'threads-per-core': 1
      },
      // Of the cluster: no partition here has its own.
      ...{
        'memory-per-core-bytes': null,
        'default-memory-per-core-bytes': 256 * 1024 ** 2,
        'default-memory-per-node-bytes': null
      },
      ...{ 'max-cores': null, 'max-memory-bytes': null, 'max-gpus': null },
      ...{ 'max-jobs-submitted': null, 'max-jobs-running': null, accounts: null, note: null }
    })
    expect(partition('test')).toMatchObject({ 'is-default': false, 'gpus-per-node': 0, 'max-nodes': null, nodes: 1 })
    expect(partition('spare')).toMatchObject({ 'max-jobs-submitted': 20, 'max-jobs-running': 3 })
    const hidden = {
      state: 'DRAIN',
      accounts: ['root'],
      'time-limit-seconds': null,
      'default-time-seconds': null,
      'min-nodes': 1
    }
    expect(partition('hidden')).toMatchObject(hidden)
  })

  it('are those of arrays, and of what the user may bill', () => {
    expect(limits.maxArraySize).toBe(1001)
    const own = { account: 'project_2001234', partition: null, mostSubmitted: 30, mostRunning: 5, mostSeconds: 86_400 }
    expect(limits.associations).toEqual([own])
  })

  it('are what SLURM itself goes by', async () => {
    const judged = async (directives: string): Promise<[string | undefined, boolean]> => {
      const submission = composeTestJob(`#!/bin/sh\n#SBATCH ${directives}\ntrue\n`)
      const complaint = judgeRequest(readAskedResources(submission), limits)
      return [complaint?.message, (await scheduler.testSubmission(submission)).isAccepted]
    }
    for (const [directives, words] of [
      ['-p nope', /^there is no partition nope/],
      ['-p small,nope', /^there is no partition nope/],
      ['-p test -t 16', /partition test allows 00:15:00$/],
      ['-N 2', /partition small gives a job at most 1$/],
      ['-p medium -N 3-4', /partition medium gives a job at most 2$/],
      ['--mem=5G', /has at most 4096M$/],
      ['-a 1001', /^--array=1001 is too large/],
      ['-a 1-31', /at most 30 jobs of yours/],
      ['-p spare -a 1-21', /at most 20 jobs of yours/]
    ] as const) {
      expect(await judged(directives), directives).toEqual([expect.stringMatching(words), false])
    }
    for (const directives of ['-p test -t 15', '-p medium -N 1-4', '--mem=4G', '-a 1-30', '-p spare -a 1-20', '-a 1000']) {
      expect(await judged(directives), directives).toEqual([undefined, true])
    }
    // Which a quality of service overrides; so SLURM has the last word.
    expect(await judged('-p test -t 16 --qos=long')).toEqual([expect.stringMatching(/is too long/), true])
  })

  it('are told without those of accounting while slurmdbd is away', async () => {
    await slurm.signal('slurmdbd', 'SIGKILL')
    const found = await scheduler.findLimits()
    expect([found?.partitions.length, found?.associations]).toEqual([6, []])
    await slurm.start('slurmdbd')
    await until(async () => ((await scheduler.findLimits())?.associations.length ?? 0) > 0, 200)
  })
})
