import { RefusedError } from '@lautta/core/errors'
import { createFileLogs } from './file-logs.ts'
import type { LogReader } from './log-reader.ts'
import { createClustersInJobs } from './ray/clusters-in-jobs.ts'
import { createLogsWithClusters } from './ray/logs-with-clusters.ts'
import { withRemoteForward } from './ray/near-address.ts'
import type { RayCluster } from './ray/ray-cluster.ts'
import type { RemoteForward } from './ray/remote-forward-settings.ts'
import { createSchedulerWithClusters } from './ray/scheduler-with-clusters.ts'
import type { RemoteShell } from './remote-shell.ts'
import { type RemoteCommand, runCommand } from './run-command.ts'
import type { Scheduler } from './scheduler.ts'

/** A platform in one user's name. */
export interface Platform {
  shell: RemoteShell
  scheduler: Scheduler
  /** Where clusters inside its jobs bring their ports; the shell dials those from here. */
  remoteForward: RemoteForward | null
  /** Reads what jobs print. */
  logs: LogReader
  /** The Ray cluster inside a SLURM job, by the job's id, or (null) that is the platform itself. */
  openRay(cluster: string | null): Promise<RayCluster>
  /** Sees to it that the platform can be reached; costs nothing where it was a moment ago. */
  reach(): Promise<void>
  close(): Promise<void>
}

/** A platform of which all there is goes through a shell. */
export function platformOverShell(
  loginShell: RemoteShell,
  scheduler: Scheduler,
  remoteForward: RemoteForward | null = null
): Platform {
  const shell = withRemoteForward(loginShell, remoteForward)
  const clusters = createClustersInJobs({ shell, remoteForward })
  // One that was killed could not take back what it wrote down.
  const isOver = async (id: string) => !(await clusters.isThere(id)) || !(await scheduler.listJobs()).has(id)
  return {
    shell,
    remoteForward,
    scheduler: createSchedulerWithClusters(scheduler, {
      ask: (id, ask) => clusters.ask(id, (open) => ask(open.scheduler)),
      findLeft: clusters.findLeft
    }),
    logs: createLogsWithClusters(createFileLogs(shell), clusters, isOver),
    async openRay(slurmJobId) {
      if (slurmJobId === null) throw new RefusedError('this platform is no Ray cluster')
      return clusters.open(slurmJobId)
    },
    async reach() {
      if (!shell.isOpen()) await runCommand(shell, nothing)
    },
    async close() {
      await clusters.close()
      await shell.close()
    }
  }
}

// Asked where there is no connection yet.
const nothing: RemoteCommand<void> = { argv: ['true'], parse: () => {} }
