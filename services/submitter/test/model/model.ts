import { billingFormulaSchema } from '@lautta/core/billing/billing-formula'
import { deriveKey } from '@lautta/core/derive-key'
import { controlKinds, type OrderDocument } from '@lautta/core/documents/order-document'
import { createId } from '@lautta/core/ids'
import { isOnPlatform } from '@lautta/core/job/job'
import type { CollectMessage } from '@lautta/core/messages'
import { timesPath, viewPath } from '@lautta/core/object-names'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import type { NewOrder } from '@lautta/core/orchestration/next-order'
import { readPickle } from '@lautta/core/pickle/read-pickle'
import { toPlain } from '@lautta/core/pickle/to-plain'
import { createManagement, type Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { readObject } from '@lautta/object-store/read-object'
import { platformOverShell } from '@lautta/platforms/platform'
import { type KnownPlatform, knownPlatforms } from '@lautta/platforms/settings'
import { pino } from 'pino'
import { createOrderDirectory } from '../../src/order-directory.ts'
import { createSession, type Session } from '../../src/session.ts'
import { type Cluster, createModelScheduler, createModelShell, hasEnded } from './model-cluster.ts'
import { createModelLeases, emptyRedis, type LeaseMemory } from './model-leases.ts'
import { createMemoryStore, reachStore } from './model-store.ts'
import { createWorld, openSteps, type Process, settle, take } from './world.ts'

export const user = 'csc'
export const platform = 'mahti'
export const id = '01jd0000000000000000000000'

const [plain] = knownPlatforms({}, true) as [KnownPlatform]
const formula = billingFormulaSchema.parse({ partitions: ['small'], unit: 'cpu-bu', plus: [{ of: 'cores', each: 1 }] })
const known: KnownPlatform = { ...plain, name: platform, kind: 'slurm', transport: 'ssh2', billing: [formula] }
const logger = pino({ level: 'silent' })
const documentKey = deriveKey('model', 'documents')
/** What a job's script is in a version of the request: one attempt may cost one unit. */
export const scriptOf = (version: number | null): string => `#!/bin/sh\n# version ${version}\n#SBATCH -p small -t 60\n`
const requestOf = (version: number | null, jobCount: number, { hasNeed, mostUnits }: { hasNeed: boolean; mostUnits: number }) => {
  const needsOf = (index: number) => (hasNeed && index === 1 ? { needs: ['job:0'] } : {})
  const jobs = Array.from({ length: jobCount }, (_, index) => {
    return { script: scriptOf(version), retries: { failed: 1 }, ...needsOf(index) }
  })
  const limit = mostUnits === Number.POSITIVE_INFINITY ? {} : { limit: { 'cpu-bu': mostUnits } }
  return orchestrationSchema([platform]).parse({ name: 'n', ...limit, platforms: { [platform]: { jobs } } })
}

const manage = (store: ObjectStore): Management =>
  createManagement({
    store,
    bucketPrefix: 'mlch',
    documentKey,
    slugOf: () => user,
    onIgnored: (error) => {
      throw error
    }
  })

interface Alive {
  process: Process
  session: Session
  renew(): void
}

/** Two submitters, a store, a cluster and a Redis; what happens next is the driver's choice. */
export function createModel(seed: number) {
  const world = createWorld(seed)
  const { random } = world
  const store = createMemoryStore()
  const direct = manage(store)
  const cluster: Cluster = { jobs: [], folders: new Map(), marks: new Map(), mostJobs: random.pick([1, 2, 100]) }
  const redis: LeaseMemory = { holder: null, lastFence: 0, bornAtMs: 0, skewMs: 0 }
  const hints = new Set<string>()
  const asked: CollectMessage[] = []
  let alive: Alive[] = []
  let ordered = 1
  const controlled: NewOrder[] = []
  // Jobs that end only when they are stopped.
  const areEndless = random.isTrue(0.3)
  // Whether the request was adopted from the bucket, where it is put anew now and then.
  const isAdopted = random.isTrue(0.5)
  const pickleViews = random.isTrue(0.5)
  // Whether the second job begins only when the first one has completed.
  const hasNeed = random.isTrue(0.5)
  // What the order may cost: then some attempts are never submitted.
  const mostUnits = random.pick([1, 2, 3, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
  let version = 0
  let jobCount = 2

  const startProcess = (): void => {
    const process: Process = { hasCrashed: false, isPaused: false }
    const reached = reachStore(store, world, process)
    const management = manage(reached)
    const leases = createModelLeases(world, redis, process)
    const scheduler = createModelScheduler(world, cluster, process)
    const shell = createModelShell(world, process)
    const session = createSession({
      ...{ user, known, store: reached, management, logger, secretsFolder: '' },
      directory: createOrderDirectory(management),
      acquireLease: leases.acquire,
      connect: async () => platformOverShell(shell, scheduler),
      changes: {
        take: async () => [...hints].filter((hint) => hints.delete(hint)),
        remember: async (_user, _platform, hint) => void hints.add(hint),
        tell: async () => {}
      },
      line: { ask: async () => 'alone', serve: async () => {} },
      findPause: async () => null,
      forwards: { findOpen: async () => [], lease: async () => null, describeRange: () => '' },
      queues: {
        setClock: async () => {},
        nudgeReconcile: async () => {},
        askToCollect: async (message) => void asked.push(message)
      },
      pickleViews,
      now: () => new Date(world.nowMs)
    })
    alive.push({ process, session, renew: leases.renew })
  }

  return {
    cluster,
    world,
    hasView: isAdopted || pickleViews,
    hasNeed,
    mostUnits,
    /** The order as a notebook reads it. */
    async readView() {
      const content = await readObject(store, direct.bucketOf(user), viewPath(id, platform))
      return content === null ? null : toPlain(readPickle(content))
    },
    management: direct,
    async start(): Promise<void> {
      const request = requestOf(null, jobCount, { hasNeed, mostUnits })
      if (isAdopted) await this.putAnew()
      else await direct.writeRequest(user, { schema: 1, id, user, createdAt: '', bodySha256: '', warnings: [], request })
      await this.order('start', 1)
      startProcess()
      startProcess()
    },
    /** The notebook puts its request into the bucket once more, with other scripts and perhaps one more job. */
    async putAnew(): Promise<void> {
      if (!isAdopted) return
      const head = { schema: 1, id, user, createdAt: '', adoptedAt: '', number: ++version, inForce: version, orders: [] }
      if (version > 1 && random.isTrue(0.3)) jobCount = 3
      const found = {
        found: 'request' as const,
        etag: '',
        bodySha256: '',
        warnings: [],
        request: requestOf(version, jobCount, { hasNeed, mostUnits })
      }
      await direct.writeAdopted(user, { ...head, ...found })
      if (random.isTrue(0.7)) hints.add(id)
    },
    async order(order: OrderDocument['order'], attempt: number, of: Partial<NewOrder> = {}): Promise<void> {
      // No two at one moment: their ids begin with it.
      world.nowMs++
      const at = new Date(world.nowMs)
      const document = { schema: 1, order, attempt, ...of, by: user, keyId: 'k', at: at.toISOString() }
      await direct.writeOrder(user, id, createId(at), document)
      if (random.isTrue(0.7)) hints.add(id)
    },
    /** Somebody stops the order, or starts it once more. */
    async orderSomething(): Promise<void> {
      const jobs = (await direct.readStatus(user, id, platform))?.jobs ?? []
      const highest = Math.max(ordered, ...jobs.map(({ attempt }) => attempt))
      if (random.isTrue(0.5)) return this.order('stop', highest)
      ordered = Math.min(highest + 1, 4)
      return this.order('start', ordered)
    },
    /** Somebody holds, releases, requeues or cancels a job. */
    async orderControl(): Promise<void> {
      const jobs = (await direct.readStatus(user, id, platform))?.jobs ?? []
      if (jobs.length === 0) return
      const job = random.pick(jobs)
      const order = random.pick(isOnPlatform(job) ? controlKinds : (['cancel', 'hold', 'release'] as const))
      const of = { platform, index: job.index }
      if (order !== 'cancel') controlled.push({ order, attempt: job.attempt, ...of })
      await this.order(order, job.attempt, of)
    },
    /** The jobs that have not ended: what became of the control orders of each, and what should have. */
    async controls() {
      const jobs = (await direct.readStatus(user, id, platform))?.jobs ?? []
      return jobs.filter(isOnPlatform).flatMap(({ index, attempt }) => {
        const token = direct.tokenOf(user, { id, platform, index, attempt })
        const job = cluster.jobs.find((one) => one.token === token && !hasEnded(one))
        const mine = controlled.filter((one) => one.index === index && one.attempt === attempt)
        const isHeld = mine.findLast(({ order }) => order !== 'requeue')?.order === 'hold'
        if (job === undefined) return []
        const ordered = this.requeuesOf(index, attempt)
        // Those that could go beyond the order's limit are refused.
        const restarts = mostUnits === Number.POSITIVE_INFINITY ? ordered : Math.min(ordered, job.restarts)
        return [{ found: { isHeld: job.isHeld, restarts: job.restarts }, expected: { isHeld, restarts } }]
      })
    },
    /** How often a requeue of an attempt was ordered. */
    requeuesOf: (index: number, attempt: number): number =>
      controlled.filter((one) => one.order === 'requeue' && one.index === index && one.attempt === attempt).length,
    async takeStep(): Promise<boolean> {
      const open = openSteps(world)
      if (open.length > 0) await take(world, random.pick(open))
      return open.length > 0
    },
    async takeAllSteps(): Promise<void> {
      while (await this.takeStep());
    },
    async pass(): Promise<void> {
      const { process, session } = random.pick(alive)
      // A pass may fail, as in the service: the next one does the same again.
      if (!process.isPaused) session.run().catch(() => {})
      await settle()
    },
    advance(ms: number): void {
      world.nowMs += ms
      for (const { renew } of alive) renew()
    },
    crash(): void {
      const victim = random.pick(alive)
      victim.process.hasCrashed = true
      world.steps = world.steps.filter(({ process }) => process !== victim.process)
      alive = alive.filter((one) => one !== victim)
      startProcess()
    },
    pauseOrContinue(): void {
      const { process } = random.pick(alive)
      process.isPaused = !process.isPaused
    },
    emptyRedis(): void {
      hints.clear()
      emptyRedis(world, redis)
    },
    moveJobs(): void {
      for (const job of cluster.jobs) {
        if (job.state === 'pending' && !job.isHeld && random.isTrue(0.3)) job.state = 'running'
        else if (job.state === 'running' && !areEndless && random.isTrue(0.2))
          job.state = random.isTrue(0.3) ? 'failed' : 'completed'
      }
    },
    tokenOf: (index: number, attempt: number): string => direct.tokenOf(user, { id, platform, index, attempt }),
    /** The monitor: what it was asked to collect and has ended is stored. */
    async collect(): Promise<void> {
      for (const { index, attempt } of asked.splice(0)) {
        const token = direct.tokenOf(user, { id, platform, index, attempt })
        const job = cluster.jobs.find((one) => one.token === token)
        if (job !== undefined && hasEnded(job))
          await store.put(direct.bucketOf(user, 'pipeline'), timesPath({ id, platform, index, attempt }), Buffer.alloc(0))
      }
    },
    calmDown(): void {
      world.isCalm = true
      for (const { process } of alive) process.isPaused = false
    },
    /** Nothing holds a job any more, and those that end only when they are stopped are stopped. */
    async bringToEnd(): Promise<void> {
      for (const { attempt, order: _, ...of } of [...controlled]) await this.order('release', attempt, of)
      // More than any attempt: retries are stopped, too.
      if (areEndless) await this.order('stop', 100)
    },
    random
  }
}
export type Model = ReturnType<typeof createModel>
