import { expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { type AcceptedJob, type Submission, taskId } from '../src/scheduler.ts'
import { collectAccounting, findTaskEndings } from './ask-accounting.ts'
import type { SchedulerUnderTest } from './scheduler-suite.ts'

/** What the scheduler contract lends to its part about arrays. */
interface ArrayTools {
  under(): SchedulerUnderTest
  compose(script: string, more?: Partial<Submission>): Submission
  submit(submission: Submission): Promise<AcceptedJob>
  logOf(job: AcceptedJob): Promise<string>
  since: Date
}

/** What every scheduler must do with arrays. */
export function itRunsArrays({ under, compose, submit, logOf, since }: ArrayTools): void {
  it('runs each task of an array with its number, and tells how each of them ended', async () => {
    const script =
      '#!/bin/bash\necho task $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_JOB_ID\nexit $((SLURM_ARRAY_TASK_ID == 4 ? 3 : 0))\n'
    const job = await submit(compose(script, { array: '2-4,7' }))
    expect([job.outPath, job.errPath].map((path) => path ?? job.outPath)).toEqual(
      Array(2).fill(`${under().folder}/slurm-${job.slurmJobId}_%a.out`)
    )
    const ends = await until(async () => {
      if ((await under().scheduler.listJobs()).has(job.slurmJobId)) return null
      const found = await findTaskEndings(under().scheduler, job.slurmJobId, since)
      return found?.size === 4 && [...found.values()].every((end) => end !== null) ? found : null
    }, 100)
    expect([2, 3, 4, 7].map((task) => [ends.get(task)?.outcome, ends.get(task)?.exitCode])).toEqual([
      ['completed', 0],
      ['completed', 0],
      ['failed', 3],
      ['completed', 0]
    ])
    for (const task of [2, 7]) {
      const outPath = job.outPath?.replace('%a', String(task)) ?? null
      expect(await logOf({ ...job, outPath })).toBe(`task ${task} of ${job.slurmJobId}\n`)
    }
    const records = await collectAccounting(under().scheduler, job.slurmJobId, since)
    const tasks = records.filter(({ jobStep }) => jobStep === null)
    expect(new Set(tasks.map(({ jobId, arrayTask, state }) => `${jobId}_${arrayTask} ${state}`))).toEqual(
      new Set(['2 COMPLETED', '3 COMPLETED', '4 FAILED', '7 COMPLETED'].map((words) => `${job.slurmJobId}_${words}`))
    )
  })

  it('runs as many tasks of an array at once as it says, and cancels one of them or all', async () => {
    const { slurmJobId } = await submit(compose('#!/bin/sh\nsleep 300\n', { array: '0-3%1' }))
    const tasksIn = async (phase: 'pending' | 'running') => {
      const { tasks = [] } = (await under().scheduler.listJobs()).get(slurmJobId) ?? {}
      return tasks.flatMap((group) => (group.phase === phase ? group.tasks : []))
    }
    await until(async () => (await tasksIn('running')).join() === '0', 100)
    expect(await tasksIn('pending')).toEqual([1, 2, 3])
    await under().scheduler.cancel(taskId(slurmJobId, 2))
    await until(async () => (await tasksIn('pending')).join() === '1,3', 100)
    await under().scheduler.cancel(taskId(slurmJobId, 0))
    await until(async () => (await tasksIn('running')).join() === '1', 100)
    await under().scheduler.cancel(slurmJobId)
    await until(async () => !(await under().scheduler.listJobs()).has(slurmJobId), 100)
    const outcomeOf = async (task: number) => (await findTaskEndings(under().scheduler, slurmJobId, since))?.get(task)?.outcome
    for (const task of [0, 1]) await until(async () => (await outcomeOf(task)) === 'cancelled', 100)
  })

  it('refuses an array that is none', async () => {
    const answer = await under().scheduler.submit(compose('#!/bin/sh\ntrue\n', { array: '3-1' }))
    expect(answer).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/Invalid job array specification/) })
  })
}
