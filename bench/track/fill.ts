import { stat } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../test/support/until.ts'
import type { Turn } from '../benchmark.ts'
import { readJobIds, startOrder } from '../slurm/orders.ts'
import type { Stage } from '../slurm/stage.ts'

const jobsInOrder = 100
const waitingJob = { script: '#!/bin/bash\ntrue\n', options: { begin: 'now+1day' } }

/** Orders so many jobs that wait, and answers how many a second got their id, and by which orders. */
export async function addWaitingJobs(stage: Stage, count: number): Promise<{ turn: Turn; orders: string[] }> {
  const beganAt = performance.now()
  const orders: string[] = []
  for (let left = count; left > 0; left -= jobsInOrder) {
    orders.push(await startOrder(stage, Array(Math.min(left, jobsInOrder)).fill(waitingJob)))
  }
  let submitted = 0
  for (const [index, id] of orders.entries()) {
    const wanted = Math.min(jobsInOrder, count - index * jobsInOrder)
    submitted += (await until(async () => allOf(await readJobIds(stage, id), wanted), 500)).length
  }
  const figure = (submitted / (performance.now() - beganAt)) * 1000
  return { turn: { figure, errors: count - submitted }, orders }
}

/** Waits until nothing is written any more about the orders: all that the scheduler says of new jobs is taken in. */
export async function untilQuiet({ statusFile }: Stage, orders: readonly string[], forSeconds: number): Promise<void> {
  const readNewest = async (): Promise<number> =>
    Math.max(0, ...(await Promise.all(orders.map(async (id) => (await stat(statusFile(id))).mtimeMs))))
  let before: number
  do {
    before = await readNewest()
    await pause(forSeconds * 1000)
  } while ((await readNewest()) !== before)
}

function allOf(ids: string[], wanted: number): string[] | null {
  return ids.length === wanted ? ids : null
}
