import { afterAll, beforeAll } from 'vitest'
import { type SlurmServer, startSlurm } from '../../../test/servers/slurm.ts'
import { createSlurmScheduler } from '../src/slurm/slurm-scheduler.ts'
import { openTestShell } from './open-test-shell.ts'
import { describeScheduler } from './scheduler-suite.ts'

let slurm: SlurmServer
beforeAll(async () => {
  slurm = await startSlurm()
})
afterAll(() => slurm?.stop())

describeScheduler('SLURM over SSH', async () => {
  const shell = await openTestShell(slurm)
  return {
    shell,
    scheduler: createSlurmScheduler(shell),
    folder: '/users/csc',
    shortestLimit: '1',
    holdBack: async () => ({ options: { begin: 'now+1hour' }, release: async () => {} }),
    close: () => shell.close()
  }
})
