import { RefusedError, UnavailableError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { runCommand } from '../src/run-command.ts'
import type { AcceptedJob, Submission } from '../src/scheduler.ts'
import { submitJob } from '../src/slurm/submission.ts'
import { collectAccounting, findEndings } from './ask-accounting.ts'
import { composeTestJob } from './compose-test-job.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

const since = new Date()

describeOnSlurm('SLURM %s over SSH', (release) => {
  let under: TestSlurm
  let slurm: TestSlurm['slurm']
  let scheduler: TestSlurm['scheduler']
  let shell: TestSlurm['shell']
  beforeAll(async () => {
    under = await startTestSlurm(release)
    ;({ slurm, scheduler, shell } = under)
  })
  afterAll(() => under?.stop())

  const submit = async (submission: Submission): Promise<AcceptedJob> => {
    const answer = await scheduler.submit(submission)
    if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
    return answer
  }
  const csc = async (...argv: string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await slurm.exec(argv)
    if (exitCode !== 0) throw new Error(stderr)
    return stdout
  }
  const untilEnded = async (id: string) => {
    for (;;) {
      const ending = (await findEndings(scheduler, [id], since)).get(id)
      if (ending) return ending
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  it("refuses what SLURM refuses, in SLURM's words", async () => {
    const refuse = async (options: Submission['options']) => {
      const answer = await scheduler.submit(composeTestJob('#!/bin/sh\ntrue\n', options))
      return answer.kind === 'refused' ? answer.reason : answer
    }
    expect(await refuse({ partition: 'nope' })).toMatch(/invalid partition specified: nope\n.*Invalid partition name specified/)
    expect(await refuse({ account: 'nope' })).toMatch(/Invalid account or account\/partition combination/)
    expect(await refuse({ mem: '999G' })).toMatch(/Requested node configuration is not available/)
    expect(await refuse({ partition: 'test', time: '99-0' })).toMatch(/Requested time limit is invalid/)
    expect(await refuse({ 'no-such-option': true })).toMatch(/unrecognized option '--no-such-option'/)
  })

  it('submits a script that arrived as a whole, and no part of one', async () => {
    const submission = composeTestJob(`#!/bin/sh\n${'# a long script\n'.repeat(5000)}true\n`)
    const command = submitJob(submission, [], 60)
    const cut = { ...command, stdin: submission.script.slice(0, 40_000) }
    expect(await runCommand(shell, cut)).toEqual({ kind: 'disk-full', reason: 'the script did not arrive as a whole' })
    expect(await csc('squeue', '--noheader', `--name=${submission.jobName}`)).toBe('')
    expect(await runCommand(shell, command)).toMatchObject({ kind: 'accepted' })
  })

  it('calls it a refusal when an option in the script makes sbatch succeed without a job', async () => {
    const answer = await scheduler.submit(composeTestJob('#!/bin/sh\n#SBATCH --test-only\ntrue\n'))
    expect(answer).toEqual({ kind: 'refused', reason: expect.stringMatching(/to start at.*made no job of it/s) })
  })

  it('knows the id when sbatch tells the cluster with it', async () => {
    const submission = composeTestJob('#!/bin/sh\nsleep 30\n', { clusters: 'puhti', hold: true })
    const { slurmJobId } = await submit(submission)
    expect(await csc('squeue', '--noheader', '--format=%F', `--name=${submission.jobName}`)).toBe(`${slurmJobId}\n`)
    await scheduler.cancel(slurmJobId)
  })

  it('knows the job also when an option in the script makes sbatch fail with it', async () => {
    const submission = composeTestJob('#!/bin/sh\n#SBATCH --wait\nexit 3\n')
    const { slurmJobId } = await submit(submission)
    expect(await scheduler.findSubmission(submission, since)).toMatchObject({ kind: 'found', slurmJobId })
  })

  it('passes options and names through unchanged, whatever they contain', async () => {
    const comment = `it's $HOME; rm -rf "x" \`y\` *|é`
    const { slurmJobId } = await submit(composeTestJob('#!/bin/sh\nsleep 30\n', { comment, hold: true }))
    expect(await csc('squeue', '--noheader', '--format=%k', `--jobs=${slurmJobId}`)).toBe(`${comment}\n`)
    await scheduler.cancel(slurmJobId)
  })

  it('gives a shell script its variables also when --export lets nothing through, from a file for its owner only', async () => {
    const script = '#!/bin/bash\n#SBATCH --output=variables-%j.out\necho "$PLACE"\n'
    const submission = { ...composeTestJob(script, { export: 'NONE' }), environment: { PLACE: 'over the sea' } }
    const { slurmJobId } = await submit(submission)
    await untilEnded(slurmJobId)
    expect(await csc('cat', `variables-${slurmJobId}.out`)).toBe('over the sea\n')
    expect(await csc('stat', '-c', '%a', `.lautta/${submission.token}/environment`)).toBe('600\n')
    expect(await csc('ls', `.lautta/${submission.token}`)).not.toMatch(/script/)
  })

  it('keeps its own words whatever the variables of a job are called', async () => {
    const words = ['name', 'seconds', 'dir', 'base', 'script', 'variables', 'newline', 'code', 'id', 'ids']
    const environment = Object.fromEntries(words.map((word) => [word, 'of the job']))
    const submission = composeTestJob(
      `#!/bin/sh\n#SBATCH --output=own-%j.out\necho ${words.map((word) => `"$${word}"`).join()}\n`
    )
    const { slurmJobId } = await submit({ ...submission, environment })
    expect(await csc('squeue', '--noheader', '--states=all', '--format=%j', `--jobs=${slurmJobId}`)).toBe(
      `${submission.jobName}\n`
    )
    expect(await submit({ ...submission, environment })).toMatchObject({ slurmJobId })
    await untilEnded(slurmJobId)
    expect(await csc('cat', `own-${slurmJobId}.out`)).toBe(`${words.map(() => 'of the job').join()}\n`)
  })

  it('lets only the first of two jobs with one token run', async () => {
    const submission = composeTestJob('#!/bin/bash\n#SBATCH --output=guard-%j.out\necho ran\n')
    const first = await submit(submission)
    await untilEnded(first.slurmJobId)
    // What the protocol keeps from happening: the same script, submitted by somebody who did not ask for the right.
    await csc('rm', '-r', `.lautta/${submission.token}/1`)
    const second = await submit(submission)
    expect(second.slurmJobId).not.toBe(first.slurmJobId)
    await untilEnded(second.slurmJobId)
    expect(await csc('cat', `guard-${first.slurmJobId}.out`)).toBe('ran\n')
    expect(await csc('cat', `guard-${second.slurmJobId}.out`)).toBe(
      `lautta: job-${first.slurmJobId} has this work already, this duplicate ends\n`
    )
  })

  it('lets a requeued job run again under the same id', async () => {
    const { slurmJobId } = await submit(
      composeTestJob(
        '#!/bin/bash\n#SBATCH --requeue --open-mode=append --output=requeue-%j.out\necho run $SLURM_RESTART_COUNT\n[ -n "$SLURM_RESTART_COUNT" ] || sleep 300\n'
      )
    )
    const log = () => csc('sh', '-c', `cat requeue-${slurmJobId}.out 2>/dev/null || :`)
    while (!(await log()).includes('run')) await new Promise((resolve) => setTimeout(resolve, 200))
    await csc('scontrol', 'requeue', slurmJobId)
    expect(await untilEnded(slurmJobId)).toMatchObject({ outcome: 'completed' })
    expect(await log()).toMatch(/run 1/)
    const runs = (await collectAccounting(scheduler, slurmJobId, since)).filter(({ jobStep }) => jobStep === null)
    expect(runs.map(({ state, restart }) => [state, restart])).toEqual([
      ['REQUEUED', 0],
      ['COMPLETED', 1]
    ])
  })

  describe('with modules', () => {
    beforeAll(async () => {
      const file = (name: string, lua: string) =>
        slurm.exec(['sh', '-c', `mkdir -p modules/$(dirname ${name}) && cat >modules/${name}.lua`], { stdin: lua })
      await file('pytorch/2.6', 'setenv("TORCH", "2.6")\nprepend_path("PATH", "/opt/torch")')
      await file('gcc/13', 'setenv("GCC", "13")')
    })
    const modules = ['use ~/modules', 'pytorch', 'load gcc/13']

    it('submits jobs that find them loaded, whatever the login shell prints', async () => {
      await slurm.exec(['sh', '-c', 'echo "echo GREETINGS" >.profile; echo "echo GREETINGS" >.bashrc'])
      const job = await submit({
        ...composeTestJob('#!/bin/bash\n#SBATCH --output=modules-%j.out\necho $TORCH $GCC; echo $PATH\n'),
        modules
      })
      await untilEnded(job.slurmJobId)
      expect(await csc('sh', '-c', `cat modules-${job.slurmJobId}.out; rm .profile .bashrc`)).toMatch(
        /^(GREETINGS\n)?2\.6 13\n\/opt\/torch:/
      )
    })
    it("refuses a module that is not there, in the platform's words, and does not use up the right", async () => {
      const submission = composeTestJob('#!/bin/sh\ntrue\n')
      const refused = await scheduler
        .submit({ ...submission, modules: [...modules, 'no-such/1'] })
        .catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(RefusedError)
      expect(refused).toMatchObject({
        message: expect.stringMatching(/^module no-such\/1: .*(unknown|cannot be loaded)/s),
        hint: expect.stringMatching(/module spider/)
      })
      const asked = scheduler.testSubmission({ ...submission, modules: ['no-such/1'] })
      await expect(asked).rejects.toThrow(/^module no-such\/1: /)
      await submit(submission)
    })
  })

  it('leaves scripts of other interpreters as they are', async () => {
    const { slurmJobId } = await submit(composeTestJob('#!/usr/bin/env python3\nimport sys\nsys.exit(7)\n'))
    expect(await untilEnded(slurmJobId)).toMatchObject({ outcome: 'failed', exitCode: 7 })
  })

  it('has a name with which squeue finds the job, and which a later look uses', async () => {
    const submission = composeTestJob('#!/bin/sh\nsleep 30\n', { hold: true })
    const job = await submit(submission)
    // As if the shell on the login node had died between sbatch and writing the id.
    await csc('sh', '-c', `rm .lautta/${submission.token}/1/id .lautta/${submission.token}/1/exit-code`)
    expect(await scheduler.submit(submission)).toEqual({ kind: 'answer-lost' })
    expect(await scheduler.findSubmission(submission, since)).toEqual({ ...job, kind: 'found', others: [] })
    await scheduler.cancel(job.slurmJobId)
  })

  it('adopts a job of an earlier try instead of submitting with the next one', async () => {
    const submission = composeTestJob('#!/bin/sh\nsleep 30\n', { hold: true })
    const job = await submit(submission)
    expect(await scheduler.submit({ ...submission, try: 2 })).toEqual({ ...job, kind: 'accepted' })
    await scheduler.cancel(job.slurmJobId)
  })

  it('waits for room when the disk takes nothing, and has submitted nothing', async () => {
    await csc('sh', '-c', 'mkdir -p .lautta && chmod 500 .lautta')
    const answer = await scheduler.submit(composeTestJob('#!/bin/sh\ntrue\n'))
    await csc('chmod', '700', '.lautta')
    expect(answer).toMatchObject({ kind: 'disk-full', reason: expect.stringMatching(/Permission denied/) })
  })

  it('does not know the outcome when slurmctld does not answer, and finds the truth later', async () => {
    const submission = composeTestJob('#!/bin/sh\ntrue\n')
    const isTaken = async () => (await slurm.exec(['test', '-d', `.lautta/${submission.token}/1`])).exitCode === 0
    await slurm.signal('slurmctld', 'SIGSTOP')
    const [answer, listing, trace] = await Promise.all([
      scheduler.submit(submission),
      scheduler.listJobs().catch((error: unknown) => error),
      until(isTaken, 50).then(() => scheduler.findSubmission(submission, since))
    ])
    await slurm.signal('slurmctld', 'SIGCONT')
    expect(answer).toEqual({ kind: 'answer-lost' })
    expect(listing).toBeInstanceOf(UnavailableError)
    expect(trace).toEqual({ kind: 'no-trace', counts: false })
    const found = await scheduler.findSubmission(submission, since)
    // slurmctld may have taken the job from its socket after all, or not: both are told as they are.
    expect(['found', 'no-trace']).toContain(found.kind)
    if (found.kind === 'no-trace') expect(found.counts).toBe(true)
  })

  it('tells a down controller as unavailable, while accounting still answers', async () => {
    const { slurmJobId } = await submit(composeTestJob('#!/bin/sh\nexit 4\n'))
    await untilEnded(slurmJobId)
    await slurm.signal('slurmctld', 'SIGKILL')
    await expect(scheduler.listJobs()).rejects.toThrow(UnavailableError)
    expect((await findEndings(scheduler, [slurmJobId], since)).get(slurmJobId)).toMatchObject({ exitCode: 4 })
    await slurm.start('slurmctld')
    expect(await scheduler.listJobs()).toBeInstanceOf(Map)
  })

  it('asks for accounting of many jobs at once', async () => {
    const jobs = await Promise.all(['exit 1', 'exit 2', 'true'].map((line) => submit(composeTestJob(`#!/bin/sh\n${line}\n`))))
    for (const { slurmJobId } of jobs) await untilEnded(slurmJobId)
    const endings = await findEndings(
      scheduler,
      jobs.map(({ slurmJobId }) => slurmJobId),
      since
    )
    expect(jobs.map(({ slurmJobId }) => endings.get(slurmJobId)?.exitCode)).toEqual([1, 2, 0])
  })
})
