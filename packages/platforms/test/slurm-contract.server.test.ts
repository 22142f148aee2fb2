import { startSlurm } from '../../../test/servers/slurm.ts'
import { createSlurmScheduler } from '../src/slurm/slurm-scheduler.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { openTestShell } from './open-test-shell.ts'
import { describeScheduler } from './scheduler-suite.ts'

describeOnSlurm('SLURM %s', (release) =>
  describeScheduler(`SLURM ${release} over SSH`, async () => {
    const slurm = await startSlurm({ release })
    const shell = await openTestShell(slurm)
    return {
      shell,
      scheduler: createSlurmScheduler(shell),
      folder: '/users/csc',
      shortestLimit: '1',
      holdBack: async () => ({ options: { begin: 'now+1hour' }, release: async () => {} }),
      async close() {
        await shell.close()
        await slurm.stop()
      }
    }
  })
)
