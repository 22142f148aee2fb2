import type { Benchmark, Comparison, Scale, Turn } from '../benchmark.ts'
import { openStage, type Stage } from '../slurm/stage.ts'
import { measureTracking, type Tracking, type TrackingSize } from './measure-tracking.ts'

const sizes: Readonly<Record<Scale, TrackingSize & { counts: readonly number[] }>> = {
  full: { counts: [1, 100, 1000, 10_000], quietSeconds: 30, ends: 3 },
  quick: { counts: [1, 20, 100], quietSeconds: 20, ends: 3 }
}

/** Jobs that wait or run: what it costs to know how they are, and how soon an end is told. */
export const track: Benchmark = {
  name: 'track',
  async prepare(scale) {
    const stage = await openStage({ mostJobs: 20_000 })
    return { comparisons: compareTracking(stage, sizes[scale]), close: stage.close }
  }
}

function compareTracking(stage: Stage, { counts, ...size }: TrackingSize & { counts: readonly number[] }): Comparison[] {
  const orders: string[] = []
  const taken = new Map<number, Promise<Tracking>>()
  let waiting = 0
  // All of one number at once, before more jobs are added.
  const take = (count: number): Promise<Tracking> => {
    const missing = count - 1 - waiting
    const tracking = taken.get(count) ?? measureTracking(stage, orders, { ...size, missing })
    if (!taken.has(count)) waiting += missing
    taken.set(count, tracking)
    return tracking
  }
  const each = (
    title: string,
    unit: string,
    of: (tracking: Tracking, count: number) => Turn | number,
    from = counts
  ): Comparison => ({
    ...{ title, unit, rounds: 1, reference: nameOf(from[0] ?? 1) },
    peers: Object.fromEntries(from.map((count) => [nameOf(count), async () => asTurn(of(await take(count), count))]))
  })
  const some = counts.filter((count) => count > 1)
  return [
    ...counts.map((count) => ({
      title: `${nameOf(count)} tracked, from the end of one to its event`,
      ...{ unit: 's', rounds: size.ends, reference: 'one squeue by hand', toldAs: 'difference' as const },
      peers: {
        Lautta: async () => (await take(count)).ends.shift() ?? missed,
        'one squeue by hand': async () => (await take(count)).listings.shift() ?? missed
      }
    })),
    each('until all have their id', 'jobs/s', ({ jobsPerSecond }) => jobsPerSecond, some),
    each('SLURM commands in a minute', 'commands', ({ commandsPerMinute }) => commandsPerMinute),
    each('SLURM commands per job and minute', 'commands', ({ commandsPerMinute }, count) => commandsPerMinute / count),
    each('requests that these make in a minute', 'requests', ({ requestsPerMinute }) => requestsPerMinute),
    each('SSH connections', 'connections', ({ connections }) => connections),
    each('CPU of the submitter in a minute', 's', ({ cpuSecondsPerMinute }) => cpuSecondsPerMinute),
    each('CPU of one squeue by hand', 's', ({ listingCpuSeconds }) => listingCpuSeconds),
    each('memory of the submitter', 'MiB', ({ memoryMebibytes }) => memoryMebibytes)
  ]
}

const missed: Turn = { figure: Number.NaN, errors: 1 }

function nameOf(count: number): string {
  return count === 1 ? '1 job' : `${count.toLocaleString('en')} jobs`
}

function asTurn(figure: Turn | number): Turn {
  return typeof figure === 'number' ? { figure, errors: 0 } : figure
}
