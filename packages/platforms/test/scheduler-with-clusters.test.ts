import { UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { createSchedulerWithClusters } from '../src/ray/scheduler-with-clusters.ts'
import type { Observation, RecordedEnding, Scheduler } from '../src/scheduler.ts'

const seen = (phase: Observation['phase']): Observation => {
  return { phase, reason: null, startedAt: null, jobName: 'a.token', submittedAtEpoch: 5 }
}
const asked = { slurmJobId: '7/ray', token: 'token', orderedAt: new Date('2026-11-20'), acceptedAt: new Date('2026-11-20') }

/** SLURM whose jobs are listed or have ended so, and one Ray cluster in its job 7, unless that is silent. */
function openScheduler(slurm: { listed: readonly string[]; ending: Partial<RecordedEnding> | null }, isSilent = true) {
  const nowhere = async (): Promise<never> => {
    throw new UnavailableError('it does not answer')
  }
  const ofSlurm = {
    listJobs: async () => new Map(slurm.listed.map((id) => [id, seen('running')])),
    findEndings: async (jobs: readonly unknown[]) => jobs.map(() => slurm.ending)
  } as unknown as Scheduler
  const ofCluster = { listJobs: async () => new Map([['ray', seen('pending')]]) } as unknown as Scheduler
  return createSchedulerWithClusters(ofSlurm, (_cluster, ask) => (isSilent ? nowhere() : ask(ofCluster)))
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

  it('were surely not submitted when their cluster has gone, and nobody knows while it is only silent', async () => {
    const right = { token: 'token', try: 1, cluster: '7' }
    await expect(openScheduler({ listed: ['7'], ending: null }).findSubmission(right, new Date())).rejects.toThrow(/not answer/)
    expect(await openScheduler({ listed: [], ending: null }).findSubmission(right, new Date())).toEqual({ kind: 'closed' })
  })
})
