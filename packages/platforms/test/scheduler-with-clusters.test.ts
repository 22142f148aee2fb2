import { nothingRecorded } from '@lautta/core/accounting/accounting-record'
import { UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import type { RayJobInfo } from '../src/ray/ray-job-info.ts'
import { createSchedulerWithClusters } from '../src/ray/scheduler-with-clusters.ts'
import type { Observation, RecordedEnding, Scheduler } from '../src/scheduler.ts'

const seen = (phase: Observation['phase']): Observation => {
  return { phase, reason: null, startedAt: null, jobName: 'a.token', submittedAtEpoch: 5 }
}
const asked = { slurmJobId: '7/ray', token: 'token', orderedAt: new Date('2026-11-20'), acceptedAt: new Date('2026-11-20') }

const ofItsJob = {
  ...nothingRecorded,
  ...{
    jobId: '7',
    state: 'TIMEOUT',
    partition: 'medium',
    allocNodes: 2,
    startedAtEpoch: 10,
    endedAtEpoch: 5000,
    cpuTimeSeconds: 9000
  }
}

/** What the cluster saw last of our Ray job. */
function seenAs(status: string, endedAtMs: number | null): RayJobInfo {
  const ours = { submissionId: 'ray', message: '', errorType: null, takenAtMs: 100_000, jobName: 'a.token', token: 'token' }
  return { ...ours, status, endedAtMs, driverNodeId: 'n', driverAddress: null, exitCode: status === 'SUCCEEDED' ? 0 : null }
}

interface Slurm {
  listed: readonly string[]
  ending: Partial<RecordedEnding> | null
}

/** SLURM whose jobs are listed or have ended so, and one Ray cluster in its job 7, unless that is silent. */
function openScheduler(slurm: Slurm, isSilent = true, left: readonly RayJobInfo[] = [], ended: string | null = null) {
  const nowhere = async (): Promise<never> => {
    throw new UnavailableError('it does not answer')
  }
  const ofSlurm = {
    listJobs: async () => new Map(slurm.listed.map((id) => [id, seen('running')])),
    findEndings: async (jobs: readonly unknown[]) => jobs.map(() => slurm.ending),
    collectAccounting: async () => ({ records: [ofItsJob], unreadable: [] })
  } as unknown as Scheduler
  const ofCluster = {
    listJobs: async () => new Map([['ray', seen('pending')]]),
    findEndings: async () => [{ outcome: 'cancelled', reason: 'STOPPED' }]
  } as unknown as Scheduler
  return createSchedulerWithClusters(ofSlurm, {
    ask: (_cluster, ask) => (isSilent ? nowhere() : ask(ofCluster)),
    findLeft: async () => ({ ended, jobs: [...left] })
  })
}

describe('Ray jobs on a cluster inside a SLURM job', () => {
  it('are listed by both ids where their cluster answers, and only where they are expected', async () => {
    const scheduler = openScheduler({ listed: ['7', '8'], ending: null }, false)
    expect([...(await scheduler.listJobs(['8', '7/ray'])).keys()]).toEqual(['7', '8', '7/ray'])
    expect([...(await scheduler.listJobs(['8'])).keys()]).toEqual(['7', '8'])
  })

  it('are as they were while it is silent and its job goes on, and hold up nothing else', async () => {
    const listed = await openScheduler({ listed: ['7', '8'], ending: null }).listJobs(['8', '7/ray'])
    expect(listed.get('8')).toMatchObject({ phase: 'running' })
    expect(listed.get('7/ray')).toMatchObject({ unreachable: 'it does not answer' })
  })

  it('have ended only when accounting says so of its job', async () => {
    const gone = openScheduler({ listed: [], ending: null })
    expect((await gone.listJobs(['7/ray'])).has('7/ray')).toBe(false)
    expect(await gone.findEndings([asked])).toEqual([null])
  })

  it.each([
    ['timed-out', 'timed-out'],
    ['node-failed', 'node-failed'],
    ['cancelled', 'cancelled'],
    ['completed', 'failed'],
    ['lost', 'failed']
  ] as const)('of which it ended %s end %s', async (outcome, expected) => {
    const ending = { outcome, reason: null, endedAt: '2026-11-20T12:00:00.000Z' }
    const found = await openScheduler({ listed: [], ending }).findEndings([asked])
    expect(found).toMatchObject([
      { outcome: expected, reason: `its Ray cluster, job 7, ended ${outcome}`, endedAt: ending.endedAt }
    ])
  })

  it('that had ended before it did ended so, whatever became of it since', async () => {
    const ending = { outcome: 'timed-out' as const, reason: null, endedAt: null }
    const gone = openScheduler({ listed: [], ending }, true, [seenAs('SUCCEEDED', 160_000)])
    expect(await gone.findEndings([asked])).toMatchObject([{ outcome: 'completed', exitCode: 0 }])
    const [line] = (await gone.collectAccounting(asked)).records
    expect(line).toMatchObject({ jobId: '7/ray', state: 'COMPLETED', elapsedSeconds: 60, partition: 'medium', allocNodes: 2 })
    expect(line).toMatchObject({ cpuTimeSeconds: null, allocCpus: null })
  })

  it('that ran still ended with it, and have used what they ran', async () => {
    const ending = { outcome: 'timed-out' as const, reason: null, endedAt: null }
    const gone = openScheduler({ listed: [], ending }, true, [seenAs('RUNNING', null)])
    expect(await gone.findEndings([asked])).toMatchObject([{ outcome: 'timed-out' }])
    expect((await gone.collectAccounting(asked)).records).toMatchObject([
      { state: 'TIMEOUT', elapsedSeconds: 4900, cpuTimeSeconds: null }
    ])
    const unseen = openScheduler({ listed: [], ending })
    expect((await unseen.collectAccounting(asked)).records).toMatchObject([
      { state: 'TIMEOUT', elapsedSeconds: null, endedAtEpoch: 5000 }
    ])
  })

  it.each([
    ['STOPPED', 160_000],
    ['RUNNING', null],
    ['PENDING', null]
  ])('that its time limit left %s have timed out, though it ended in order itself', async (status, endedAtMs) => {
    const ending = { outcome: 'completed' as const, reason: null, endedAt: null }
    const gone = openScheduler({ listed: [], ending }, true, [seenAs(status, endedAtMs)], 'time-limit')
    const reason = expect.stringMatching(/^its Ray cluster, job 7, came to its time limit/)
    expect(await gone.findEndings([asked])).toMatchObject([{ outcome: 'timed-out', reason }])
    expect((await gone.collectAccounting(asked)).records).toMatchObject([{ state: 'TIMEOUT' }])
  })

  it.each([
    ['STOPPED', 'stopped', 'cancelled'],
    ['STOPPED', null, 'cancelled'],
    ['SUCCEEDED', 'time-limit', 'completed'],
    ['FAILED', 'time-limit', 'failed']
  ])('that were %s when it ended for %s ended %s', async (status, ended, outcome) => {
    const gone = openScheduler({ listed: [], ending: null }, true, [seenAs(status, 160_000)], ended)
    expect(await gone.findEndings([asked])).toMatchObject([{ outcome }])
  })

  it('have not ended by its time limit as long as its job has not', async () => {
    const ending = openScheduler({ listed: [], ending: null }, true, [seenAs('RUNNING', null)], 'time-limit')
    expect(await ending.findEndings([asked])).toEqual([null])
  })

  it('that a cluster stops because its time is over have timed out, though it still answers', async () => {
    const find = async (ended: string | null) =>
      (await openScheduler({ listed: ['7'], ending: null }, false, [], ended).findEndings([asked]))[0]
    expect(await find('time-limit')).toMatchObject({ outcome: 'timed-out', reason: expect.stringMatching(/time limit: STOPPED/) })
    expect(await find(null)).toMatchObject({ outcome: 'cancelled', reason: 'STOPPED' })
  })

  it('were surely not submitted when their cluster has gone, and nobody knows while it is only silent', async () => {
    const right = { token: 'token', try: 1, cluster: '7' }
    expect(await openScheduler({ listed: [], ending: null }).readRight(right)).toMatchObject({ kind: 'taken' })
    await expect(openScheduler({ listed: ['7'], ending: null }).findSubmission(right, new Date())).rejects.toThrow(/not answer/)
    expect(await openScheduler({ listed: [], ending: null }).findSubmission(right, new Date())).toEqual({ kind: 'closed' })
  })
})
