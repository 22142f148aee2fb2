import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SlurmServer, startSlurm } from '../../../test/servers/slurm.ts'
import { until } from '../../../test/support/until.ts'
import { plainProfile } from '../src/profiles/shipped-profiles.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import type { Scheduler, Submission } from '../src/scheduler.ts'
import { createSlurmScheduler } from '../src/slurm/slurm-scheduler.ts'
import { composeTestJob } from './compose-test-job.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { openTestShell } from './open-test-shell.ts'

const since = new Date()

describeOnSlurm('a lost answer of SLURM %s', (release) => {
  let slurm: SlurmServer
  let shell: RemoteShell
  let scheduler: Scheduler
  const commands: string[] = []
  const taken: number[] = []
  beforeAll(async () => {
    slurm = await startSlurm({ release })
    shell = await openTestShell(slurm)
    const counting: RemoteShell = {
      ...shell,
      start(argv, lane) {
        commands.push(argv.join(' '))
        return shell.start(argv, lane)
      }
    }
    const take = async (asked: number) => void taken.push(asked)
    scheduler = createSlurmScheduler(counting, plainProfile, { take, close: () => {} })
  })
  afterAll(async () => {
    await shell?.close()
    await slurm?.stop()
  })

  const csc = async (...argv: string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await slurm.exec(argv)
    if (exitCode !== 0) throw new Error(stderr)
    return stdout.trim()
  }
  const held = (script = '#!/bin/sh\ntrue\n') => composeTestJob(script, { hold: true })
  const submit = async (submission: Submission): Promise<string> => {
    const answer = await scheduler.submit(submission)
    if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
    return answer.slurmJobId
  }
  /** As if the shell on the login node had died between sbatch and writing the id. */
  const loseAnswer = ({ token }: Submission) => csc('sh', '-c', `rm .lautta/${token}/1/id .lautta/${token}/1/exit-code`)
  const stateOf = (id: string) => csc('squeue', '--noheader', '--states=all', '--format=%T', `--jobs=${id}`)

  it('is looked for together with others: one squeue and one sacct for all of them', async () => {
    const submissions = [held(), held(), held()]
    const ids = await Promise.all(submissions.map(submit))
    for (const submission of submissions) await loseAnswer(submission)
    const [never, open] = [held(), held()]
    await csc('mkdir', '-p', `.lautta/${open.token}/1`)
    commands.length = 0
    taken.length = 0
    const rights = [...submissions, never, open]
    const traces = await Promise.all(rights.map((right) => scheduler.findSubmission(right, since)))
    expect(traces.map((trace) => (trace.kind === 'found' ? trace.slurmJobId : trace))).toEqual([
      ...ids,
      { kind: 'closed' },
      { kind: 'no-trace', counts: true }
    ])
    expect(commands.filter((command) => /squeue|sacct/.test(command))).toHaveLength(1)
    // The scontrol of each job that was found, for where its log is.
    expect(taken).toEqual([2, 1, 1, 1])
    expect(/ (\S+T\S+) abc/.exec(commands[0]?.replace(submissions[0]?.token ?? '', 'abc') ?? '')?.[1]).toBe(
      new Date(since.getTime() - 24 * 3600 * 1000).toISOString().slice(0, 19)
    )
    await csc('scancel', ...ids)
  })

  it('is read in its folder alone, without a command of SLURM', async () => {
    const [lost, closed] = [held(), held()]
    const id = await submit(lost)
    await loseAnswer(lost)
    taken.length = 0
    expect(await scheduler.readRight(lost)).toEqual({ kind: 'taken', hasAnswered: false })
    expect(await scheduler.readRight(closed)).toEqual({ kind: 'closed' })
    expect(await scheduler.readRight(closed)).toEqual({ kind: 'taken', hasAnswered: false })
    expect(taken).toEqual([])
    await csc('scancel', id)
  })

  it('tells all jobs of a token, the one that does its work first; of the others those are ended that have not begun', async () => {
    const submission = held()
    const first = await submit(submission)
    await loseAnswer(submission)
    const again = (...options: string[]) =>
      csc('sbatch', '--parsable', `--job-name=${submission.jobName}`, ...options, '--wrap=sleep 600')
    const [waiting, running] = [await again('--hold'), await again()]
    await until(async () => (await stateOf(running)) === 'RUNNING', 100)
    const find = () => scheduler.findSubmission(submission, since)
    expect(await find()).toMatchObject({ kind: 'found', slurmJobId: first, others: [waiting, running] })
    await csc('ln', '-s', `job-${running}`, `.lautta/${submission.token}/ran`)
    expect(await find()).toMatchObject({ kind: 'found', slurmJobId: running, others: [first, waiting] })
    for (const id of [waiting, running]) await scheduler.cancelPending(id)
    expect([await stateOf(first), await stateOf(waiting), await stateOf(running)]).toEqual(['PENDING', 'CANCELLED', 'RUNNING'])
    await csc('scancel', first, running)
  })

  it('takes the parts of one job for one job', async () => {
    const scripts = ['#!/bin/sh\n#SBATCH --array=1-3\ntrue\n', '#!/bin/sh\n#SBATCH -n1\n#SBATCH hetjob\n#SBATCH -n1\ntrue\n']
    for (const submission of scripts.map(held)) {
      const slurmJobId = await submit(submission)
      await loseAnswer(submission)
      expect(await scheduler.findSubmission(submission, since)).toMatchObject({ kind: 'found', slurmJobId, others: [] })
      await csc('scancel', slurmJobId)
    }
  })

  it('is not looked for while accounting hangs: it does not count, and the listing does not wait for it', async () => {
    const open = held()
    expect(await scheduler.readRight(open)).toEqual({ kind: 'closed' })
    await slurm.signal('slurmdbd', 'SIGSTOP')
    let isLooking = true
    const look = scheduler.findSubmission(open, since).finally(() => {
      isLooking = false
    })
    expect(await scheduler.listJobs()).toBeInstanceOf(Map)
    expect(isLooking).toBe(true)
    expect(await look).toEqual({ kind: 'no-trace', counts: false })
    await slurm.signal('slurmdbd', 'SIGCONT')
    const counts = { kind: 'no-trace', counts: true }
    await until(async () => isDeepStrictEqual(await scheduler.findSubmission(open, since), counts), 100)
  })
})
