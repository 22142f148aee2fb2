import type { Benchmark, Comparison, Scale } from '../benchmark.ts'
import { openStage, type Stage } from '../slurm/stage.ts'
import { followByHand, followByLautta, type Line, startPrinting } from './printing-job.ts'

const rounds: Readonly<Record<Scale, number>> = { full: 20, quick: 3 }

/** A job that prints a line now and then: how late it is told to one who follows, and what that is by hand. */
export const follow: Benchmark = {
  name: 'follow',
  async prepare(scale) {
    const stage = await openStage()
    return { comparisons: [await compareFollowing(stage, rounds[scale])], close: stage.close }
  }
}

async function compareFollowing(stage: Stage, rounds: number): Promise<Comparison> {
  const job = await startPrinting(stage)
  const take = (untilTold: (line: Line) => Promise<number>) => async () => ({
    figure: await untilTold(await job.print()),
    errors: 0
  })
  return {
    ...{ title: 'from a line to its reader', unit: 's', rounds, reference: 'tail -F through OpenSSH', toldAs: 'difference' },
    peers: {
      Lautta: take(await followByLautta(stage, job)),
      'tail -F through OpenSSH': take(await followByHand(stage, job))
    }
  }
}
