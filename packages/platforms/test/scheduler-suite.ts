import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTextFile } from '../src/files/read-text-file.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import type { AcceptedJob, RecordedEnding, Scheduler, Submission } from '../src/scheduler.ts'
import { collectAccounting, findEndings } from './ask-accounting.ts'
import { itRunsArrays } from './scheduler-arrays.ts'
import { itTellsOfJobs } from './scheduler-jobs.ts'

/** A scheduler under test, and what differs between schedulers. */
export interface SchedulerUnderTest {
  scheduler: Scheduler
  shell: RemoteShell
  /** A folder on the platform in which jobs may write. */
  folder: string
  /** Options with which a job can not start until `release` is called. */
  holdBack(): Promise<{ options: Submission['options']; release(): Promise<void> }>
  /** The shortest time limit that the scheduler knows. */
  shortestLimit: string
  close(): Promise<void>
}

/** What every scheduler must do, in the words of its users. */
export function describeScheduler(name: string, open: () => Promise<SchedulerUnderTest>): void {
  describe(`the scheduler contract: ${name}`, { concurrent: true }, () => {
    let under: SchedulerUnderTest
    const since = new Date()
    beforeAll(async () => {
      under = await open()
    })
    afterAll(() => under?.close())

    const newRight = () => ({ token: randomUUID().replaceAll('-', '').slice(0, 20), try: 1 })
    const compose = (script: string, more: Partial<Submission> = {}): Submission => {
      const right = newRight()
      return {
        ...right,
        jobName: `test.${right.token}`,
        script,
        workingDirectory: under.folder,
        modules: [],
        array: null,
        options: {},
        ...more
      }
    }
    const submit = async (submission: Submission): Promise<AcceptedJob> => {
      const answer = await under.scheduler.submit(submission)
      if (answer.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`)
      return answer
    }
    /** Waits as the submitter does: while it is listed it has not ended, then accounting tells. */
    const waitForEnd = async (id: string): Promise<RecordedEnding> => {
      for (;;) {
        if (!(await under.scheduler.listJobs()).has(id)) {
          const ending = (await findEndings(under.scheduler, [id], since)).get(id)
          if (ending) return ending
        }
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    const waitForPhase = async (id: string, phase: 'pending' | 'running') => {
      for (;;) {
        const seen = (await under.scheduler.listJobs()).get(id)
        if (seen?.phase === phase) return seen
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    const logOf = ({ outPath }: AcceptedJob) => readTextFile(under.shell, outPath ?? '', 1_000_000)

    it('runs a batch script, and tells that it completed with exit code 0', async () => {
      const job = await submit(compose('#!/bin/bash\necho hello from $SLURM_JOB_ID\n'))
      const { startedAt, endedAt, outcome, exitCode, reason } = await waitForEnd(job.slurmJobId)
      expect({ outcome, exitCode, reason }).toEqual({ outcome: 'completed', exitCode: 0, reason: null })
      expect(Date.parse(endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(startedAt ?? ''))
      expect(await logOf(job)).toBe(`hello from ${job.slurmJobId}\n`)
    })

    it('gives a job the usual rights for new files', async () => {
      const job = await submit(compose('#!/bin/sh\numask\n'))
      await waitForEnd(job.slurmJobId)
      expect(await logOf(job)).toBe('0022\n')
    })

    it('gives a job its variables as they are, whatever runs its script', async () => {
      const environment = { GREETING: `it's "\${HOME}" \`id\`; é\n\ttwo lines \\n`, EMPTY: '' }
      const inShell = compose('#!/bin/bash -eu\nprintf "%s|%s|" "$GREETING" "$EMPTY"\n', { environment })
      const script =
        '#!/usr/bin/env python3\nimport os\nprint(os.environ["GREETING"], os.environ["EMPTY"], "", sep="|", end="")\n'
      const inPython = compose(script, { environment })
      for (const job of [await submit(inShell), await submit(inPython)]) {
        await waitForEnd(job.slurmJobId)
        expect(await logOf(job)).toBe(`${environment.GREETING}||`)
      }
    })

    it("starts a job in a folder below the user's home, by its short name", async () => {
      const job = await submit(compose('#!/bin/sh\npwd; echo ~\n', { workingDirectory: '~' }))
      await waitForEnd(job.slurmJobId)
      const [started, home] = (await logOf(job)).split('\n')
      expect(started).toBe(home)
    })

    it('starts a job where its own directive says', async () => {
      const job = await submit(compose(`#!/bin/sh\n#SBATCH --chdir=${under.folder}\npwd\n`))
      await waitForEnd(job.slurmJobId)
      expect(await logOf(job)).toBe(`${under.folder}\n`)
      expect(job.outPath).toBe(`${under.folder}/slurm-${job.slurmJobId}.out`)
    })

    it('reports exit code 3 as failed with that exit code', async () => {
      const { slurmJobId } = await submit(compose('#!/bin/bash\nexit 3\n'))
      expect(await waitForEnd(slurmJobId)).toMatchObject({ outcome: 'failed', exitCode: 3, reason: 'FAILED, exit code 3' })
    })

    it('reports a script that was ended by a signal as failed with that signal', async () => {
      const { slurmJobId } = await submit(compose('#!/bin/bash\nkill -SEGV $$\n'))
      expect(await waitForEnd(slurmJobId)).toMatchObject({ outcome: 'failed', reason: 'FAILED, signal 11' })
    })

    it('reports a job over its time limit as timed-out', async () => {
      const { slurmJobId } = await submit(compose(`#!/bin/bash\n#SBATCH --time=${under.shortestLimit}\nsleep 300\n`))
      expect(await waitForEnd(slurmJobId)).toMatchObject({ outcome: 'timed-out' })
    })

    it('reports a job that waits as pending, with a reason', async () => {
      const { options, release } = await under.holdBack()
      const { slurmJobId } = await submit(compose('#!/bin/bash\nsleep 300\n', { options }))
      expect((await waitForPhase(slurmJobId, 'pending')).reason).toMatch(/\w/)
      await under.scheduler.cancel(slurmJobId)
      expect(await waitForEnd(slurmJobId)).toMatchObject({ outcome: 'cancelled' })
      await release()
    })

    it('cancels a running job with everything that it started', async () => {
      const submission = compose('#!/bin/bash\nsetsid sleep 4242 &\nsleep 300\n')
      const { slurmJobId } = await submit(submission)
      expect(Date.parse((await waitForPhase(slurmJobId, 'running')).startedAt ?? '')).toBeGreaterThan(0)
      await under.scheduler.cancel(slurmJobId)
      expect(await waitForEnd(slurmJobId)).toMatchObject({ outcome: 'cancelled' })
    })

    it('gives the right to who looks for a submission that never was, and submits nothing with it any more', async () => {
      const submission = compose('#!/bin/sh\ntrue\n')
      expect(await under.scheduler.findSubmission(submission, since)).toEqual({ kind: 'closed' })
      expect(await under.scheduler.submit(submission)).toEqual({ kind: 'answer-lost' })
      expect(await under.scheduler.findSubmission(submission, since)).toEqual({ kind: 'no-trace', counts: true })
    })

    it('refuses a script that is none, in its own words', async () => {
      expect(await under.scheduler.submit(compose('echo no interpreter\n'))).toMatchObject({
        kind: 'refused',
        reason: expect.stringMatching(/does not look like a batch script/)
      })
    })

    it('tells the same refusal again when it is asked again', async () => {
      const submission = compose('#!/bin/sh\ntrue\n', { options: { time: 'soon' } })
      const first = await under.scheduler.submit(submission)
      expect(first).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/Invalid --time specification/) })
      expect(await under.scheduler.submit(submission)).toEqual(first)
    })

    it('refuses a working directory that is not there', async () => {
      const answer = await under.scheduler.submit(compose('#!/bin/sh\ntrue\n', { workingDirectory: `${under.folder}/nowhere` }))
      expect(answer).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/nowhere: no such directory/) })
    })

    it('puts the two streams where the script wants them, in its working directory', async () => {
      const script = '#!/bin/bash\n#SBATCH --output=streams-%j.out\n#SBATCH --error=streams-%j.err\npwd; echo to stderr >&2\n'
      const job = await submit(compose(script))
      await waitForEnd(job.slurmJobId)
      expect(job.outPath).toBe(`${under.folder}/streams-${job.slurmJobId}.out`)
      expect(await logOf(job)).toBe(`${under.folder}\n`)
      expect(await logOf({ ...job, outPath: job.errPath })).toBe('to stderr\n')
    })

    it('lets options win over the directives of the script', async () => {
      const script = '#!/bin/bash\n#SBATCH --output=directive.out\necho here\n'
      const job = await submit(compose(script, { options: { output: 'option-%j.out' } }))
      await waitForEnd(job.slurmJobId)
      expect(job.outPath).toBe(`${under.folder}/option-${job.slurmJobId}.out`)
      expect(await logOf(job)).toBe('here\n')
    })

    it('accounts for a job: its state, its times, its CPU time and its memory', async () => {
      const { slurmJobId } = await submit(
        compose(
          '#!/bin/bash\nperl -e \'$x = "x" x 50_000_000; $s = time; 1 while time - $s < 3 || (times)[0] < 1.2; print length $x\'\n'
        )
      )
      await waitForEnd(slurmJobId)
      const records = await collectAccounting(under.scheduler, slurmJobId, since)
      const [job] = records
      expect(job).toMatchObject({ jobId: slurmJobId, jobStep: null, state: 'COMPLETED', exitCode: 0, restart: 0, allocNodes: 1 })
      expect(job?.elapsedSeconds).toBeGreaterThanOrEqual(2)
      expect((job?.endedAtEpoch ?? 0) - (job?.startedAtEpoch ?? 0)).toBeGreaterThanOrEqual(2)
      expect(job?.totalCpuSeconds).toBeGreaterThan(1)
      expect(Math.max(...records.map(({ maxRssBytes }) => maxRssBytes ?? 0))).toBeGreaterThan(50_000_000)
    })

    itTellsOfJobs({
      scheduler: () => under.scheduler,
      compose(command) {
        const submission = compose(`#!/bin/sh\n${command}\n`)
        return { right: submission, jobName: submission.jobName, submit: () => under.scheduler.submit(submission) }
      }
    })

    itRunsArrays({ under: () => under, compose, submit, logOf, since })

    it('tells whether it would take a job, and takes none', async () => {
      const { scheduler } = under
      const asked = compose('#!/bin/sh\nsleep 10\n')
      expect(await scheduler.testSubmission(asked)).toMatchObject({ isAccepted: true })
      const { isAccepted, words } = await scheduler.testSubmission(compose('no script\n'))
      expect([isAccepted, words]).toEqual([false, expect.stringMatching(/^This does not look like a batch script/)])
      expect([...(await scheduler.listJobs()).values()].map(({ jobName }) => jobName)).not.toContain(asked.jobName)
      for (const { run } of scheduler.checks(null)) expect(await run()).not.toBe('')
    })
  })
}
