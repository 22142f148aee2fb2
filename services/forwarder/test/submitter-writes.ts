import { declareJob, type Job, type JobState } from '@lautta/core/job/job'
import { createChanges } from '@lautta/queue/changes'
import { connectRedis, type Redis, waitForRedis } from '@lautta/queue/connect-redis'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import type { TestApi } from './open-api.ts'

const at = '2026-11-20T10:00:00.000Z'
export const queued: JobState = { kind: 'queued', slurmJobId: '7', reason: 'Priority' }
export const running: JobState = { kind: 'running', slurmJobId: '7' }
export const ended = (outcome: 'completed' | 'failed' | 'cancelled', reason: string | null = null): JobState => {
  return { kind: 'finished', slurmJobId: '7', outcome, exitCode: 0, reason, collecting: 'stored' }
}

/** Writes what a submitter writes, in its place. */
export async function openSubmitterWrites(api: TestApi) {
  const redis: Redis = connectRedis(api.redis)
  await waitForRedis(redis, 5000)
  const { management } = openInstallation(api.config, createLogger('silent'))
  let sequence = 0
  return {
    management,
    /** Saves the states of an order's jobs on a platform, and tells of it. */
    async write(id: string, platform: string, states: readonly JobState[], user = 'local'): Promise<void> {
      sequence++
      const jobs = states.map((state, index): Job => ({ ...declareJob(index), state, outPath: 'out', submittedAt: at }))
      await management.writeStatus(user, { schema: 1, id, platform, fence: 1, sequence, jobs, history: [] })
      await createChanges(redis).tell({ user, id })
    },
    close: () => redis.disconnect()
  }
}
export type SubmitterWrites = Awaited<ReturnType<typeof openSubmitterWrites>>
