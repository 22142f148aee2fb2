import { UnavailableError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { runCommand } from '../src/run-command.ts'
import type { Scheduler } from '../src/scheduler.ts'
import { sacctEndings } from '../src/slurm/sacct.ts'
import { slurmStates } from '../src/slurm/slurm-state.ts'
import { slurmVersion } from '../src/slurm/slurm-version.ts'
import { collectAccounting, findEndings, jobSince } from './ask-accounting.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

const since = new Date()

describeOnSlurm('what SLURM %s lists and accounts for', (release) => {
  let under: TestSlurm
  let slurm: TestSlurm['slurm']
  let scheduler: TestSlurm['scheduler']
  let shell: TestSlurm['shell']
  beforeAll(async () => {
    under = await startTestSlurm(release)
    ;({ slurm, scheduler, shell } = under)
  })
  afterAll(() => under?.stop())

  const run = async (as: 'csc' | 'root', ...argv: string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await slurm.exec(argv, { as })
    if (exitCode !== 0) throw new Error(stderr)
    return stdout.trim()
  }
  const csc = (...argv: string[]) => run('csc', ...argv)
  const sbatch = (...options: string[]) => csc('sbatch', '--parsable', ...options)
  const sleep = '--wrap=sleep 600'
  const listed = async (id: string) => (await scheduler.listJobs()).get(id)
  const endingOf = async (id: string) => (await findEndings(scheduler, [id], since)).get(id)
  const untilRuns = (id: string) => until(async () => (await listed(id))?.phase === 'running', 100)
  const untilEnded = (id: string) => until(() => endingOf(id), 100)
  // slurmdbd may hear of the end of a short job first. Until it hears of the rest, it makes up a name and a beginning.
  const untilNamed = (id: string) =>
    until(async () => {
      const ending = await endingOf(id)
      return ending?.jobName !== 'allocation' && ending
    }, 100)

  it('is of the version that it tells', async () => {
    expect(await runCommand(shell, slurmVersion)).toBe(Number(release))
  })

  it('has no state that we have no reading for', async () => {
    const { stderr } = await slurm.exec(['squeue', '--states=nonsense'])
    const [, words = ''] = /Valid job states include: (.*)/.exec(stderr) ?? []
    const states = words.toUpperCase().split(',')
    expect(states.length).toBeGreaterThan(20)
    expect(slurmStates.map(({ state }) => state)).toEqual(expect.arrayContaining(states))
  })

  it('has the names of jobs as they are', async () => {
    const names = ['a|b|1', 'one\n9|RUNNING|1|None|1|two\n', 'x'.repeat(200), 'älä 日本 jöb']
    const ids = await Promise.all(names.map((name) => sbatch('--hold', `--job-name=${name}`, '--comment=c|d\ne', '--wrap=true')))
    const told = ids.map((id, at) => [id, names[at] ?? ''])
    const namesIn = (jobs: Awaited<ReturnType<Scheduler['listJobs'] | typeof findEndings>>) =>
      [...jobs].map(([id, job]) => [id, job?.jobName]).sort()
    expect(namesIn(await scheduler.listJobs())).toEqual(told.toSorted())
    await csc('scancel', ...ids)
    for (const id of ids) await untilNamed(id)
    // The MariaDB of the older one keeps Latin-1.
    const kept = told.map(([id, name]) => [id, release === '22.05' ? name?.replace('日本', '??') : name])
    expect(namesIn(await findEndings(scheduler, ids, since))).toEqual(kept.toSorted())
  })

  it('has the lines of jobs and steps as they are, whatever their names have in them', async () => {
    const line = [...Array(40).keys()].join('\x1f')
    const names = [`\x1f${line}\x1f`, `a\n\n1${line}\nb\n`, '\n', ' |x| ', "\t\r'$(id)\\n"]
    const script = "#!/bin/sh\nsrun --job-name='st\n1\x1fep\n' sleep 1\n"
    const submit = async (name: string) =>
      (await slurm.exec(['sbatch', '--parsable', `--job-name=${name}`], { stdin: script })).stdout.trim()
    const ids = await Promise.all(names.map(submit))
    for (const id of ids) await untilEnded(id)
    await until(async () => (await collectAccounting(scheduler, ids.at(-1) ?? '', since)).length === 3, 100)
    for (const id of ids) await untilNamed(id)
    const told = await Promise.all(ids.map((id) => scheduler.collectAccounting(jobSince(id, since))))
    expect(told).toMatchObject(names.map(() => ({ unreadable: [] })))
    const all = told.map(({ records }) => records.map(({ jobName, account, state }) => [jobName, account, state]))
    const rest = ['project_2001234', 'COMPLETED']
    expect(all).toEqual(names.map((name) => [name, 'batch', 'st\n1\x1fep\n'].map((one) => [one, ...rest])))
  })

  it('has the components of a heterogeneous job as parts of one run', async () => {
    const script =
      '#!/bin/sh\n#SBATCH -n1 --job-name=one\n#SBATCH hetjob\n#SBATCH -n1 --job-name=two\nsrun --het-group=0,1 sleep 1\nexit 4\n'
    const id = (await slurm.exec(['sbatch', '--parsable'], { stdin: script })).stdout.trim()
    expect(await until(async () => listed(id), 100)).toBeDefined()
    const records = await until(async () => {
      const told = await collectAccounting(scheduler, id, since)
      return told.length === 5 && told.every(({ endedAtEpoch }) => endedAtEpoch !== null) && told
    }, 100)
    const rest = { jobId: id, arrayTask: null, restart: 0 }
    expect(records).toMatchObject([
      { ...rest, hetComponent: 0, jobStep: null, jobName: 'one', state: 'FAILED' },
      { ...rest, hetComponent: 0, jobStep: 'batch' },
      { ...rest, hetComponent: 0, jobStep: '0', jobName: 'sleep' },
      { ...rest, hetComponent: 1, jobStep: null, jobName: 'two' },
      { ...rest, hetComponent: 1, jobStep: '0', jobName: 'sleep' }
    ])
    expect(await endingOf(id)).toMatchObject({ outcome: 'failed', exitCode: 4 })
  })

  it('tells a job that was cancelled before it began, who did it, and no beginning', async () => {
    const all = ['--partition=medium', '--nodes=2', '--exclusive', sleep]
    const first = await sbatch(...all)
    await untilRuns(first)
    const id = await sbatch(...all)
    expect(await listed(id)).toMatchObject({ phase: 'pending', startedAt: null })
    await until(async () => (await endingOf(id)) === null, 100)
    await csc('scancel', id, first)
    expect(await untilEnded(id)).toMatchObject({ outcome: 'cancelled', reason: 'CANCELLED by 20001', startedAt: null })
    expect(await collectAccounting(scheduler, id, since)).toMatchObject([{ state: 'CANCELLED', startedAtEpoch: null }])
  })

  it('has an array of 100 tasks as one job, until the last of them has ended', async () => {
    const id = await sbatch('--array=1-100%3', '--job-name=many', sleep)
    await untilRuns(id)
    expect([...(await scheduler.listJobs())]).toEqual([[id, expect.objectContaining({ phase: 'running', jobName: 'many' })]])
    expect(await endingOf(id)).toBeFalsy()
    await csc('scancel', `${id}_1`)
    await csc('scancel', id)
    expect(await untilEnded(id)).toMatchObject({ outcome: 'cancelled' })
  })

  it('says that an array has failed when one of its tasks has', async () => {
    const id = await sbatch('--array=1-3', '--wrap=[ $SLURM_ARRAY_TASK_ID != 2 ] || exit 9')
    await until(
      async () => (await collectAccounting(scheduler, id, since)).filter(({ endedAtEpoch }) => endedAtEpoch).length >= 3,
      100
    )
    expect(await untilEnded(id)).toMatchObject({ outcome: 'failed', exitCode: 9, reason: `${id}_2: FAILED, exit code 9` })
  })

  describe('of a job that gives way to another', () => {
    const giveWay = async (requeue: string): Promise<string> => {
      const id = await sbatch('--partition=spare', '--exclusive', requeue, sleep)
      await untilRuns(id)
      const other = await sbatch('--partition=test', '--exclusive', '--nodelist=puhti-n1', sleep)
      await untilRuns(other)
      await csc('scancel', other)
      return id
    }
    it('is no end when it is to be requeued', async () => {
      const id = await giveWay('--requeue')
      expect(await listed(id)).toMatchObject({ phase: 'pending' })
      // Accounting has the end of its first run before it hears of the second.
      await until(async () => (await endingOf(id)) === null, 100)
      await csc('scancel', id)
      expect(await untilEnded(id)).toMatchObject({ reason: 'CANCELLED by 20001' })
      const runs = await collectAccounting(scheduler, id, since)
      expect(runs.filter(({ jobStep }) => jobStep === null).map(({ state, restart }) => [state, restart])).toEqual([
        ['PREEMPTED', 0],
        ['CANCELLED', 1]
      ])
    })
    it('is its end when it is not', async () => {
      expect(await untilEnded(await giveWay('--no-requeue'))).toMatchObject({ outcome: 'cancelled', reason: 'PREEMPTED' })
    })
  })

  it('tells a node that failed, for jobs that are not to be requeued', async () => {
    const lost = await sbatch('--nodelist=puhti-n2', '--no-requeue', sleep)
    const kept = await sbatch('--nodelist=puhti-n2', '--requeue', sleep)
    await untilRuns(lost)
    await untilRuns(kept)
    await slurm.signal('slurmd-puhti-n2', 'SIGKILL')
    await run('root', 'scontrol', 'update', 'nodename=puhti-n2', 'state=down', 'reason=test')
    expect(await untilEnded(lost)).toMatchObject({ outcome: 'node-failed', reason: expect.stringMatching(/^NODE_FAIL/) })
    expect(await listed(kept)).toMatchObject({ phase: 'pending' })
    await csc('scancel', kept)
    await slurm.start('slurmd-puhti-n2')
    await until(async () => (await csc('sinfo', '--noheader', '--nodes=puhti-n2', '--format=%T')).startsWith('idle'), 100)
  })

  it('is no end when squeue lists nothing while the job runs', async () => {
    const id = await sbatch(sleep)
    await untilRuns(id)
    await slurm.exec(['sh', '-c', 'mkdir -p bin; cat >bin/squeue; chmod +x bin/squeue'], { stdin: '#!/bin/sh\nexit 0\n' })
    await slurm.exec(['tee', '.bashrc'], { stdin: 'export PATH=/users/csc/bin:$PATH\n' })
    expect(await listed(id)).toBeUndefined()
    await until(async () => (await endingOf(id)) === null, 100)
    await csc('rm', '.bashrc', 'bin/squeue')
    expect(await listed(id)).toMatchObject({ phase: 'running' })
    await csc('scancel', id)
  })

  it('is not there while accounting is killed or frozen, and the listing is', async () => {
    const id = await sbatch(sleep)
    await untilRuns(id)
    await slurm.signal('slurmdbd', 'SIGSTOP')
    // sacct itself would wait for most of a minute.
    const impatient = { ...sacctEndings([jobSince(id, since)]), timeoutSeconds: 2 }
    await expect(runCommand(shell, impatient)).rejects.toThrow(UnavailableError)
    await slurm.signal('slurmdbd', 'SIGKILL')
    await expect(endingOf(id)).rejects.toThrow(UnavailableError)
    expect(await listed(id)).toMatchObject({ phase: 'running' })
  })
})
