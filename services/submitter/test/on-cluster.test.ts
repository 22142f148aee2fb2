import { ClusterSilentError, RefusedError, UnknownOutcomeError } from '@lautta/core/errors'
import { declareJob, type Job } from '@lautta/core/job/job'
import type { RayCluster } from '@lautta/platforms/ray-cluster'
import { describe, expect, it } from 'vitest'
import type { JobWork } from '../src/effects/job-work.ts'
import { onCluster } from '../src/effects/on-cluster.ts'

const opened: (string | null)[] = []

/** A Ray job that wants the cluster of job 0, which is in that state; or the platform's own. */
function workOf(state: Job['state'] | undefined, cluster: string | undefined = 'job:0'): JobWork {
  const ray = { file: 'main.py', ...(cluster === '' ? {} : { cluster }) }
  const openRay = async (id: string | null) => {
    opened.push(id)
    return {} as RayCluster
  }
  const findClusterJob = async () =>
    state === undefined ? undefined : { job: { ...declareJob(0), state }, isOver: state.kind === 'finished' }
  return { request: { ray }, platform: { openRay }, findClusterJob } as unknown as JobWork
}

const prepared = async () => ({ type: 'prepared' as const })
const end = { outcome: 'completed' as const, exitCode: 0, reason: null }

describe('what is done on the cluster of a Ray job', () => {
  it('is done on the one that its job is now, or on the platform itself', async () => {
    expect(await onCluster(workOf({ kind: 'running', slurmJobId: '7' }), prepared)).toEqual({ type: 'prepared' })
    expect(await onCluster(workOf(undefined, ''), prepared)).toEqual({ type: 'prepared' })
    expect(opened).toEqual(['7', null])
  })

  it('waits while its job is requeued, and is refused once it has ended', async () => {
    expect(await onCluster(workOf({ kind: 'queued', slurmJobId: '7', reason: null }), prepared)).toMatchObject({ on: 'platform' })
    const ended = workOf({ kind: 'finished', slurmJobId: '7', ...end, collecting: 'owed' })
    await expect(onCluster(ended, prepared)).rejects.toThrow(new RefusedError('its Ray cluster has ended, job 7'))
  })

  it('leaves what became of a submission open when its answer was lost, and tells a silence as what it is', async () => {
    const work = workOf({ kind: 'running', slurmJobId: '7' })
    const fail = (error: Error) => () => Promise.reject(error)
    expect(await onCluster(work, fail(new UnknownOutcomeError('cut')))).toEqual({ type: 'answerLost' })
    await expect(onCluster(work, fail(new ClusterSilentError('silent')))).rejects.toThrow(ClusterSilentError)
  })
})
