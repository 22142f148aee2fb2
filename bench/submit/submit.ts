import type { Benchmark, Scale } from '../benchmark.ts'
import { openDirect } from '../slurm/direct.ts'
import { openControlMaster } from '../slurm/open-ssh.ts'
import { followOrder, startOrder } from '../slurm/orders.ts'
import { openStage } from '../slurm/stage.ts'
import { compareAlone } from './alone.ts'
import { compareBurst } from './burst.ts'

const sizes: Readonly<Record<Scale, { alone: number; count: number; rounds: number }>> = {
  full: { alone: 40, count: 500, rounds: 3 },
  quick: { alone: 10, count: 50, rounds: 1 }
}
// They wait until all has been measured: jobs that ran would take the processors that are measured.
const job = { script: '#!/bin/bash\ntrue\n', options: { begin: 'now+1day' } }

/** From an order to its SLURM id: one alone, and many at once, beside sbatch over a warm connection of OpenSSH. */
export const submit: Benchmark = {
  name: 'submit',
  async prepare(scale) {
    const { alone, count, rounds } = sizes[scale]
    const stage = await openStage()
    const [direct, openSsh] = await Promise.all([openDirect(stage.settings, stage.user), openControlMaster(stage.slurm)])
    // Opens the submitter's connection, which stays while a job waits.
    await followOrder(stage, await startOrder(stage, [job]), ({ to }) => to === 'queued')
    return {
      comparisons: [
        ...compareAlone(stage, direct, openSsh, job, alone),
        compareBurst(stage, direct, openSsh, job, { count, rounds })
      ],
      async close() {
        await Promise.all([direct.close(), openSsh.close()])
        await stage.close()
      }
    }
  }
}
