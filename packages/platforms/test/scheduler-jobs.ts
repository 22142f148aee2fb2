import { expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import type { AcceptedJob, RecordedEnding, Scheduler, SubmissionAnswer, SubmissionRight } from '../src/scheduler.ts'

/** A command on its way to a scheduler, under a right of its own. */
interface ComposedJob {
  right: SubmissionRight
  jobName: string
  submit(): Promise<SubmissionAnswer>
}

/** What tests of any scheduler need, whatever its jobs are. */
interface JobTools {
  scheduler(): Scheduler
  compose(command: string): ComposedJob
}

/** What every scheduler must do with single jobs, be they batch scripts or Ray jobs. */
export function itTellsOfJobs({ scheduler, compose }: JobTools): void {
  const since = new Date()
  const submit = async (job: ComposedJob): Promise<AcceptedJob> => {
    const answer = await job.submit()
    if (answer.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`)
    return { slurmJobId: answer.slurmJobId, outPath: answer.outPath, errPath: answer.errPath }
  }
  const waitForEnd = (slurmJobId: string, { right: { token } }: ComposedJob): Promise<RecordedEnding> =>
    until(async () => {
      if ((await scheduler().listJobs()).has(slurmJobId)) return null
      const [ending] = await scheduler().findEndings([{ slurmJobId, token, orderedAt: since, acceptedAt: null }])
      if (ending && 'tasks' in ending) throw new Error(`${slurmJobId} is no array`)
      return ending ?? null
    }, 100)

  it('tells the name and the submission of a job, while it is listed and when it has ended', async () => {
    const job = compose('sleep 300')
    const { slurmJobId } = await submit(job)
    const listed = await until(async () => {
      const seen = (await scheduler().listJobs()).get(slurmJobId)
      return seen?.phase === 'running' ? seen : null
    }, 100)
    await scheduler().cancel(slurmJobId)
    // slurmdbd may hear of the end first. Until it hears of the rest, it makes up this name.
    const ended = await until(async () => {
      const ending = await waitForEnd(slurmJobId, job)
      return ending.jobName === 'allocation' ? null : ending
    })
    for (const { jobName, submittedAtEpoch } of [listed, ended]) {
      expect(jobName).toBe(job.jobName)
      expect(Math.abs((submittedAtEpoch ?? 0) - since.getTime() / 1000)).toBeLessThan(150)
    }
  })

  it('does not call it an error to cancel a job that has ended', async () => {
    const job = compose('true')
    const { slurmJobId } = await submit(job)
    await waitForEnd(slurmJobId, job)
    await scheduler().cancel(slurmJobId)
    expect(await waitForEnd(slurmJobId, job)).toMatchObject({ outcome: 'completed' })
  })

  it('submits once for a right, however often it is asked', async () => {
    const job = compose('true')
    const [first, ...others] = [await submit(job), await submit(job), await submit(job)]
    for (const other of others) expect(other).toEqual(first)
  })

  it('submits once for a right also when it is asked at the same time', async () => {
    const job = compose('true')
    const answers = await Promise.all([1, 2, 3].map(() => job.submit()))
    expect(answers.filter(({ kind }) => kind === 'accepted').length).toBeGreaterThanOrEqual(1)
    expect(new Set(answers.flatMap((answer) => (answer.kind === 'accepted' ? [answer.slurmJobId] : []))).size).toBe(1)
  })

  it('finds a submitted job by its right', async () => {
    const job = compose('true')
    const accepted = await submit(job)
    expect(await scheduler().findSubmission(job.right, since)).toEqual({ ...accepted, kind: 'found', others: [] })
  })

  it('answers nothing for an id that it never gave', async () => {
    const never = { slurmJobId: '987654321', token: 'none', orderedAt: since, acceptedAt: null }
    expect(await scheduler().findEndings([never])).toEqual([undefined])
    expect((await scheduler().listJobs()).has('987654321')).toBe(false)
    expect(await scheduler().collectAccounting(never)).toEqual({ records: [], unreadable: [] })
  })
}
