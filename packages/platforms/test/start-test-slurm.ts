import { type SlurmOptions, type SlurmServer, startSlurm } from '../../../test/servers/slurm.ts'
import type { SlurmRelease } from '../../../test/servers/slurm-sandbox.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import type { Scheduler } from '../src/scheduler.ts'
import { createSlurmScheduler } from '../src/slurm/slurm-scheduler.ts'
import { openTestShell } from './open-test-shell.ts'

/** A test SLURM, and what drives it over SSH. */
export interface TestSlurm {
  slurm: SlurmServer
  shell: RemoteShell
  scheduler: Scheduler
  stop(): Promise<void>
}

/** Starts a test SLURM of a release. */
export async function startTestSlurm(release: SlurmRelease, options: SlurmOptions = {}): Promise<TestSlurm> {
  const slurm = await startSlurm({ ...options, release })
  const shell = await openTestShell(slurm)
  return {
    ...{ slurm, shell },
    scheduler: createSlurmScheduler(shell),
    async stop() {
      await shell.close()
      await slurm.stop()
    }
  }
}
