import { type SlurmServer, startSlurm } from '../../../test/servers/slurm.ts'
import type { SlurmRelease } from '../../../test/servers/slurm-sandbox.ts'
import type { Scheduler } from '../src/scheduler.ts'
import { createSlurmScheduler } from '../src/slurm/slurm-scheduler.ts'
import { openTestShell } from './open-test-shell.ts'

/** A test SLURM with the scheduler that drives it over SSH. */
export async function startTestSlurm(
  release: SlurmRelease
): Promise<{ slurm: SlurmServer; scheduler: Scheduler; stop(): Promise<void> }> {
  const slurm = await startSlurm({ release })
  const shell = await openTestShell(slurm)
  return {
    slurm,
    scheduler: createSlurmScheduler(shell),
    async stop() {
      await shell.close()
      await slurm.stop()
    }
  }
}
