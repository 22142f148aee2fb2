import { performance } from 'node:perf_hooks'
import { until } from '../../test/support/until.ts'
import type { Comparison, Turn } from '../benchmark.ts'
import type { Direct } from '../slurm/direct.ts'
import type { OpenSsh } from '../slurm/open-ssh.ts'
import { type OrderedJob, readJobIds, startOrder } from '../slurm/orders.ts'
import type { Stage } from '../slurm/stage.ts'
import { optionsOf } from './alone.ts'

// As many as Lautta has channels of its connection.
const atOnce = 4
const postsAtOnce = 8

/**
 * Many jobs at once, until each has its id: as orders of one job, and as one order. Beside them the same commands
 * without Lautta around them, four at a time, and bare sbatch by OpenSSH's client.
 */
export function compareBurst(
  stage: Stage,
  direct: Direct,
  openSsh: OpenSsh,
  job: OrderedJob,
  { count, rounds }: { count: number; rounds: number }
): Comparison {
  const all = Array.from({ length: count }, () => job)
  const words = ['sbatch', '--parsable', ...optionsOf(job)].join(' ')
  const reference = '4 channels without Lautta'
  return {
    title: `${count} at once`,
    ...{ unit: 'jobs/s', reference, rounds },
    peers: {
      [`Lautta, ${count} orders`]: () =>
        rate(count, async () => {
          const orders = await spread(all, postsAtOnce, (one) => startOrder(stage, [one]))
          const ids: string[] = []
          for (const id of orders) ids.push(...(await until(async () => nonEmpty(await readJobIds(stage, id)), 50)))
          return ids
        }),
      'Lautta, one order': () =>
        rate(count, async () => {
          const id = await startOrder(stage, all)
          return until(async () => {
            const ids = await readJobIds(stage, id)
            return ids.length === count ? ids : null
          }, 500)
        }),
      [reference]: () => rate(count, () => spread(all, atOnce, (one) => direct.submit(one))),
      '4 sbatch through OpenSSH': () =>
        rate(count, () => spread(all, atOnce, async () => (await openSsh.run(words, job.script)).stdout.trim()))
    }
  }
}

/** Does it for all, so many at a time. */
async function spread<Item, Result>(
  items: readonly Item[],
  most: number,
  work: (item: Item) => Promise<Result>
): Promise<Result[]> {
  const waiting = [...items]
  const results: Result[] = []
  const workOn = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) results.push(await work(item))
  }
  await Promise.all(Array.from({ length: most }, workOn))
  return results
}

/** How many jobs a second got an id; an id that is missing, or that two have, is an error. */
async function rate(count: number, submitAll: () => Promise<string[]>): Promise<Turn> {
  const beganAt = performance.now()
  const ids = await submitAll()
  const seconds = (performance.now() - beganAt) / 1000
  const good = new Set(ids.filter((id) => /^\d+$/.test(id))).size
  return { figure: good / seconds, errors: count - good }
}

function nonEmpty(ids: string[]): string[] | null {
  return ids.length > 0 ? ids : null
}
