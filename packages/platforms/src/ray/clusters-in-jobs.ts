import { ClusterSilentError, LauttaError, RefusedError, UnavailableError } from '@lautta/core/errors'
import type { LogReader } from '../log-reader.ts'
import type { Platform } from '../platform.ts'
import { runCommand } from '../run-command.ts'
import type { Scheduler } from '../scheduler.ts'
import { findCluster } from './find-cluster.ts'
import { findLeftJobs, type LeftJobs } from './find-left-jobs.ts'
import { addressOf } from './near-address.ts'
import { openRayCluster } from './open-ray-cluster.ts'
import { createRayApi } from './ray-api.ts'
import type { RayCluster } from './ray-cluster.ts'
import { createRayLogs } from './ray-logs.ts'
import { openRayOverShell } from './ray-over-shell.ts'
import { createRayScheduler } from './ray-scheduler.ts'
import { placeAccepted } from './scheduler-with-clusters.ts'

/** What can be asked of a Ray cluster. */
interface OpenCluster {
  cluster: RayCluster
  scheduler: Scheduler
  logs: LogReader
}

/** The Ray clusters inside the SLURM jobs of a platform. */
export interface ClustersInJobs {
  /** Asks the cluster of a job, over the connection to the login node or its tunnel. ClusterSilentError: it does not answer, or not yet. */
  ask<Answer>(slurmJobId: string, ask: (open: OpenCluster) => Promise<Answer>): Promise<Answer>
  /** The cluster of a job to submit to; it is found when it is first asked. */
  open(slurmJobId: string): RayCluster
  /** What a cluster saw last of its Ray jobs, also when it is gone, and why it ended. */
  findLeft(slurmJobId: string): Promise<LeftJobs>
  /** Whether there is a cluster, as far as its job wrote down. */
  isThere(slurmJobId: string): Promise<boolean>
  close(): Promise<void>
}

// A cluster that did not answer is left in peace: else all that concerns it would wait for it, one after the other.
const restMs = 10_000

/** Its job has written nothing down. */
class NotFormedError extends UnavailableError {}

/** Each cluster is found once; and again after it did not answer, since a job that was requeued has it elsewhere. */
export function createClustersInJobs({ shell, remoteForward }: Pick<Platform, 'shell' | 'remoteForward'>): ClustersInJobs {
  const dispatcher = openRayOverShell(shell)
  const found = new Map<string, Promise<OpenCluster>>()
  const silent = new Map<string, { untilMs: number; error: ClusterSilentError }>()

  const find = async (slurmJobId: string): Promise<OpenCluster> => {
    const known = await runCommand(shell, findCluster(slurmJobId))
    if (known === null) throw new NotFormedError(`the Ray cluster of job ${slurmJobId} has not formed yet, or is no more`)
    const { host, port } = addressOf(known, 'dashboard', remoteForward)
    const api = createRayApi({
      name: `the Ray cluster of job ${slurmJobId}`,
      dashboard: `http://${host}:${port}`,
      findToken: async () => known.token,
      tokenHint: null,
      dispatcher
    })
    return { cluster: openRayCluster(api), scheduler: createRayScheduler(api), logs: createRayLogs(api) }
  }

  const ask: ClustersInJobs['ask'] = async (slurmJobId, askOpen) => {
    const silence = silent.get(slurmJobId)
    if (silence !== undefined && performance.now() < silence.untilMs) throw silence.error
    const opening = found.get(slurmJobId) ?? find(slurmJobId)
    found.set(slurmJobId, opening)
    try {
      return await askOpen(await opening)
    } catch (error) {
      if (error instanceof LauttaError && !(error instanceof RefusedError) && found.get(slurmJobId) === opening)
        found.delete(slurmJobId)
      if (!(error instanceof UnavailableError)) throw error
      const silence = new ClusterSilentError(error.message, { cause: error })
      // One that has not formed yet is looked for again at once.
      if (!(error instanceof NotFormedError)) silent.set(slurmJobId, { untilMs: performance.now() + restMs, error: silence })
      throw silence
    }
  }

  return {
    ask,
    open: (slurmJobId) => ({
      describe: () => ask(slurmJobId, ({ cluster }) => cluster.describe()),
      hasPackage: (name) => ask(slurmJobId, ({ cluster }) => cluster.hasPackage(name)),
      putPackage: (name, zip) => ask(slurmJobId, ({ cluster }) => cluster.putPackage(name, zip)),
      async submit(submission) {
        const answer = await ask(slurmJobId, ({ cluster }) => cluster.submit(submission))
        return answer.kind === 'accepted' ? { ...answer, ...placeAccepted(slurmJobId, answer) } : answer
      }
    }),
    findLeft: (slurmJobId) => runCommand(shell, findLeftJobs(slurmJobId)),
    isThere: async (slurmJobId) => (await runCommand(shell, findCluster(slurmJobId))) !== null,
    close: () => dispatcher.destroy()
  }
}
