import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import { cephCommands } from '../servers/ceph.ts'
import { requireCommands } from '../servers/require-server.ts'
import { createOrderClient } from '../support/order-client.ts'
import { complaintsAbout } from './check-history.ts'
import { createChoice } from './choice.ts'
import { type PostedOrder, postOrder, stopOrder, watchEvents } from './clients.ts'
import { type FaultSite, startFaultSite } from './fault-site.ts'
import { readHistory } from './read-history.ts'
import { installSbatchFaults } from './sbatch-faults.ts'
import type { Battlefield, Strike } from './strikes.ts'
import { strikesAtProcesses } from './strikes-at-processes.ts'
import { strikesAtThePlatform } from './strikes-at-the-platform.ts'
import { strikesAtTheStore } from './strikes-at-the-store.ts'

/*
 * Orders on a real SLURM, with two submitters and their store on a real Ceph, while everything around them breaks that
 * can break. Nothing in Lautta knows of it: the faults strike from outside, at points chosen by a seed.
 */
const watchedCount = 10
const strikesAtOnce = 3

/** So many orders at once, and one more of them each time that a strike has waited so long for something to strike at. */
interface Act {
  readonly orderCount: number
  readonly patienceMs: number
  readonly strikes: readonly Strike[]
}
const acts: readonly [title: string, act: Act][] = [
  [
    '300 of them at once',
    { orderCount: 300, patienceMs: 15_000, strikes: [...strikesAtTheStore, ...strikesAtThePlatform, ...strikesAtProcesses] }
  ],
  // What is lost is looked for at once, and not after everything that waits before it.
  ['one after the other', { orderCount: 0, patienceMs: 1000, strikes: strikesAtThePlatform }]
]

/** The run that failed is had again with `FAULT_SEED=<it>`. */
const seed = Number(process.env.FAULT_SEED ?? Date.now() % 100_000)

describe.skipIf(!requireCommands(cephCommands))(`orders, while everything breaks (FAULT_SEED=${seed})`, () => {
  const choice = createChoice(seed)
  const posted: PostedOrder[] = []
  let site: FaultSite
  let field: Battlefield
  beforeAll(async () => {
    site = await startFaultSite()
    field = { site, choice, sbatch: await installSbatchFaults(site.slurm, site.sbatchSeconds) }
  })
  afterAll(() => site?.stop())

  /** What struck when, for whoever reads of a failure. */
  const course: string[] = []
  /** What clients ask for; nobody waits for them to strike. */
  const asking: Promise<unknown>[] = []
  const post = (): void => {
    const name = `order-${asking.length}`
    asking.push(postOrder(site.ask, name).then((order) => posted.push(order)))
  }
  /** Takes one strike after the other, as others do beside it; after each somebody stops an order. */
  const strikeOn = async (left: Strike[], patienceMs: number): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { name, strike } = next
      course.push(`waiting: ${name}`)
      const feeding = setInterval(post, patienceMs)
      await strike(field).finally(() => clearInterval(feeding))
      course.push(`struck: ${name}`)
      const order = posted[choice.below(posted.length)]
      if (order !== undefined) asking.push(stopOrder(site.ask, order))
    }
  }

  it.each(acts)('end once each, %s, with one job for an attempt and one run', { timeout: 600_000 }, async (_title, act) => {
    onTestFailed(() => void process.stderr.write(`${course.join('\n')}\n`))
    const left = choice.shuffle(act.strikes)
    for (let count = 0; count < act.orderCount; count++) post()
    const striking = Array.from({ length: strikesAtOnce }, () => strikeOn(left, act.patienceMs))
    const watching = new AbortController()
    const watched = Promise.all(asking).then(() => choice.shuffle(posted).slice(0, watchedCount))
    const watch = watched.then((some) => watchEvents(site.ask, some, watching.signal))
    await Promise.all([watched, ...striking])
    await Promise.all(asking)
    const { untilStored } = createOrderClient(site.ask)
    for (const { id } of posted) await untilStored(id)
    watching.abort()
    await watch
    expect(complaintsAbout(await readHistory(site.ask, site.slurm, posted))).toEqual([])
  })
})
