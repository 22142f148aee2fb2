import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import type { SubmittedJob } from '../src/scheduler.ts'
import { jobSince } from './ask-accounting.ts'
import { composeTestJob } from './compose-test-job.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

const since = new Date()
const longAgo = new Date(since.getTime() - 11 * 60 * 1000)
const muchLater = new Date(since.getTime() + 11 * 60 * 1000)

describeOnSlurm('an id that SLURM %s gives a second time', (release) => {
  let under: TestSlurm
  let slurm: TestSlurm['slurm']
  let scheduler: TestSlurm['scheduler']
  beforeAll(async () => {
    under = await startTestSlurm(release)
    ;({ slurm, scheduler } = under)
  })
  afterAll(() => under?.stop())

  const runToEnd = async (line: string): Promise<SubmittedJob> => {
    const submission = composeTestJob(`#!/bin/sh\n${line}\n`)
    const answer = await scheduler.submit(submission)
    if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
    const job = { ...jobSince(answer.slurmJobId, since), token: submission.token }
    await until(async () => (await scheduler.findEndings([job]))[0]?.jobName === submission.jobName, 100)
    return job
  }

  it('is of two jobs, and accounting tells of each its own end and lines', async () => {
    const first = await runToEnd('exit 3')
    await slurm.signal('slurmctld', 'SIGKILL')
    const { stderr } = await slurm.exec(['sh', '-c', 'rm -r /cluster/state/*'], { as: 'root' })
    expect(stderr).toBe('')
    await slurm.start('slurmctld')
    const second = await runToEnd('true')
    expect(second.slurmJobId).toBe(first.slurmJobId)
    // As if more than the margin of the clocks lay between the two.
    const asked = [
      { ...first, acceptedAt: longAgo },
      { ...second, orderedAt: muchLater }
    ]
    expect(await scheduler.findEndings(asked)).toMatchObject([{ exitCode: 3 }, { exitCode: 0 }])
    const records = await Promise.all(asked.map((job) => scheduler.collectAccounting(job)))
    const jobs = records.map((told) => told.records.filter(({ jobStep }) => jobStep === null))
    expect(jobs.map((lines) => lines.map(({ exitCode, restart }) => [exitCode, restart]))).toEqual([[[3, 0]], [[0, 0]]])
  })
})
