import { UnavailableError } from '@lautta/core/errors'
import { openTask, queuedTasks } from '@lautta/core/job/array-tasks'
import { declareJob } from '@lautta/core/job/job'
import type { Ending, ListedTasks } from '@lautta/core/job/job-event'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import type { JobIdentity, RecordedEnding, Scheduler } from '@lautta/platforms/scheduler'
import { describe, expect, it } from 'vitest'
import { createLiveOrder, type LiveOrder } from '../src/live-order.ts'
import { createObserver } from '../src/observe-platform.ts'

const pollSeconds = 10
const dayMs = 24 * 60 * 60 * 1000

/** An order of a day whose jobs are queued, with SLURM's ids. */
function openOrder(day: number, ids: readonly string[], array: string | null = null): LiveOrder {
  const createdAt = new Date(day * dayMs).toISOString()
  const request = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs: [{ path: '/a.sh' }] } } })
  const jobs = ids.map((slurmJobId, index) => ({
    ...declareJob(index),
    startOrderedAt: createdAt,
    submittedAt: createdAt,
    ...{ array, tasks: queuedTasks({ array }) },
    state: { kind: 'queued' as const, slurmJobId, reason: null }
  }))
  const saved = { schema: 1, id: String(day), platform: 'lumi', fence: 1, sequence: 1, jobs, history: [], hmac: '' }
  return createLiveOrder({
    request: { id: String(day), createdAt, warnings: [], errors: [], request, version: null },
    ...{ platform: 'lumi', saved, fence: () => 1, now: () => new Date(), save: async () => {}, onHistory: () => {} }
  })
}

/** A platform of which the test says what it lists and what its accounting knows, and which keeps what it was asked. */
function openPlatform(orders: readonly LiveOrder[]) {
  const platform = {
    second: 1000 * (dayMs / 1000),
    listed: new Set<string>(),
    running: new Set<string>(),
    endings: new Map<string, RecordedEnding | null>(),
    /** Of the one array: what is listed of its tasks, and what accounting knows of them. */
    tasks: [] as ListedTasks[],
    taskEndings: new Map<number, Ending | null>(),
    identity: { jobName: 'n.token', submittedAtEpoch: null } as JobIdentity,
    isAccountingAway: false,
    isLimited: false,
    listedAt: [] as number[],
    sacct: [] as { ids: readonly string[]; since: Date }[]
  }
  const scheduler: Pick<Scheduler, 'listJobs' | 'findEndings'> = {
    async listJobs() {
      platform.listedAt.push(platform.second)
      const phaseOf = (id: string) => (platform.running.has(id) ? ('running' as const) : ('pending' as const))
      return new Map(
        [...platform.listed].map((id) => {
          const tasks = platform.tasks.length === 0 ? {} : { tasks: platform.tasks }
          return [id, { phase: phaseOf(id), reason: null, startedAt: null, ...tasks, ...platform.identity }]
        })
      )
    },
    async findEndings(jobs) {
      const since = new Date(Math.min(...jobs.map(({ orderedAt }) => orderedAt.getTime())))
      platform.sacct.push({ ids: jobs.map(({ slurmJobId }) => slurmJobId), since })
      if (platform.isAccountingAway) throw new UnavailableError('slurmdbd is away')
      return jobs.map(({ slurmJobId, tasks }) => {
        if (tasks === undefined || platform.taskEndings.size === 0) return platform.endings.get(slurmJobId)
        return { ...platform.identity, tasks: platform.taskEndings }
      })
    }
  }
  const observer = createObserver({
    scheduler: async () => scheduler as Scheduler,
    pollSeconds,
    now: () => new Date(platform.second * 1000),
    tokenOf: () => 'token',
    mustList: () => platform.isLimited
  })
  /** A pass in each second, as if somebody nudged all the time; answers how long after its beginning it listed. */
  const pass = async (seconds: number): Promise<number[]> => {
    const from = platform.second
    for (; platform.second < from + seconds; platform.second++) await observer.observe(orders, () => {})
    return platform.listedAt.filter((second) => second >= from).map((second) => second - from)
  }
  return { platform, observer, pass }
}

const ended: RecordedEnding = {
  ...{ outcome: 'completed', exitCode: 0, reason: null, startedAt: null, endedAt: null },
  ...{ jobName: 'n.token', submittedAtEpoch: null }
}
const kindsOf = ({ status }: LiveOrder) => status.jobs.map(({ state }) => state.kind)

describe('listings of a platform', () => {
  it('come once in an interval whatever the number of jobs and passes, and more seldom while nothing changes', async () => {
    const orders = [openOrder(1, ['1', '2']), openOrder(2, ['3'])]
    const { platform, pass } = openPlatform(orders)
    platform.listed = new Set(['1', '2', '3'])
    // The first interval is 10 s, of which nine tenths must pass; then 15, 22.5, 33.75, 50 and 50.
    expect(await pass(200)).toEqual([0, 9, 23, 44, 75, 120, 165])
  })

  it.each([
    ['a job is seen in another phase', ({ running }: { running: Set<string> }) => running.add('1')],
    ['a job is gone', ({ listed }: { listed: Set<string> }) => listed.delete('1')]
  ])('come as configured again when %s', async (_what, change) => {
    const { platform, pass } = openPlatform([openOrder(1, ['1', '2'])])
    platform.listed = new Set(['1', '2'])
    await pass(200)
    change(platform)
    const [seen = 0, next = 0] = await pass(100)
    expect(next - seen).toBe(9)
  })

  it('come soon when a job was submitted, or when somebody asked something of a job', async () => {
    const orders = [openOrder(1, ['1'])]
    const { platform, observer, pass } = openPlatform(orders)
    platform.listed = new Set(['1', '2'])
    await pass(180)
    orders.push(openOrder(2, ['2']))
    expect((await pass(20))[0]).toBe(0)
    await pass(180)
    observer.quicken()
    expect((await pass(20))[0]).toBe(0)
  })
})

describe('another job that got the id of ours later', () => {
  const other = { jobName: 'other', submittedAtEpoch: dayMs / 1000 + 3600 }

  it('is not taken for ours while it runs, nor when it ends', async () => {
    const order = openOrder(1, ['1'])
    const { platform, pass } = openPlatform([order])
    platform.listed = new Set(['1'])
    platform.running = new Set(['1'])
    platform.identity = other
    platform.endings = new Map([['1', { ...ended, ...other }]])
    await pass(100)
    expect(kindsOf(order)).toEqual(['queued'])
    expect(platform.sacct.length).toBeGreaterThan(0)
    await pass(3000)
    expect(order.status.jobs[0]?.state).toMatchObject({ kind: 'finishing', outcome: 'lost' })
  })
})

describe('jobs that are not listed any more', () => {
  it('are asked about 200 at once, by age, each batch from the first of its own orders on', async () => {
    const ids = Array.from({ length: 300 }, (_, at) => String(at + 1))
    const orders = [openOrder(500, ids.slice(100)), openOrder(2, ids.slice(0, 100)), openOrder(600, ['301'])]
    const { platform, pass } = openPlatform(orders)
    platform.endings = new Map(ids.map((id) => [id, ended]))
    await pass(1)
    expect(platform.sacct.map(({ ids, since }) => [ids.length, since.getTime() / dayMs])).toEqual([
      [200, 2],
      [101, 500]
    ])
    expect(new Set(orders.flatMap(kindsOf))).toEqual(new Set(['finishing', 'queued']))
    expect(orders[2] && kindsOf(orders[2])).toEqual(['queued'])
  })

  it('are asked about again with growing pauses, which hold up nobody who vanishes later', async () => {
    const order = openOrder(1, ['1', '2'])
    const { platform, pass } = openPlatform([order])
    platform.listed = new Set(['2'])
    platform.endings = new Map([['1', null]])
    await pass(2000)
    const looks = platform.sacct.length
    expect(looks).toBeLessThan(15)
    expect(looks).toBeGreaterThan(8)
    platform.listed.delete('2')
    platform.endings.set('2', ended)
    await pass(60)
    expect(kindsOf(order)).toEqual(['queued', 'finishing'])
  })

  it('are listed on while accounting is away, and asked about in one batch at a time until it is there', async () => {
    const ids = Array.from({ length: 500 }, (_, at) => String(at + 1))
    const order = openOrder(1, ids)
    const { platform, pass } = openPlatform([order])
    platform.isAccountingAway = true
    await pass(1)
    expect(platform.sacct).toHaveLength(1)
    await pass(100)
    expect(platform.listedAt.length).toBeGreaterThan(3)
    platform.isAccountingAway = false
    platform.endings = new Map(ids.map((id) => [id, ended]))
    await pass(300)
    expect(new Set(kindsOf(order))).toEqual(new Set(['finishing']))
  })
})

describe('an array of which tasks have ended', () => {
  const going = (tasks: number[]): ListedTasks[] => [{ tasks, phase: 'running', reason: null }]
  const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at)
  const openArray = () => {
    const order = openOrder(1, ['1'], '0-999')
    const opened = openPlatform([order])
    opened.platform.listed = new Set(['1'])
    opened.platform.running = new Set(['1'])
    opened.platform.tasks = going(range(0, 999))
    return { order, ...opened }
  }

  it('is asked about in growing pauses while it goes on, and soon when somebody asked something of it', async () => {
    const { platform, observer, pass } = openArray()
    await pass(10)
    expect(platform.sacct).toHaveLength(0)
    // Each second a task ends.
    for (let task = 0; task < 600; task++) {
      platform.tasks = going(range(task + 1, 999))
      platform.taskEndings.set(task, ended)
      await pass(1)
    }
    expect(platform.sacct.length).toBeGreaterThan(5)
    expect(platform.sacct.length).toBeLessThan(10)
    observer.quicken()
    const before = platform.sacct.length
    await pass(pollSeconds)
    expect(platform.sacct).toHaveLength(before + 1)
  })
  it('is asked about as soon as it is gone, and has ended when accounting tells all of them', async () => {
    const { order, platform, pass } = openArray()
    platform.taskEndings = new Map(range(0, 998).map((task) => [task, ended]))
    platform.tasks = going([999])
    await pass(200)
    platform.listed.clear()
    await pass(30)
    expect(kindsOf(order)).toEqual(['running'])
    platform.taskEndings.set(999, { ...ended, outcome: 'failed' })
    await pass(60)
    expect(order.status.jobs[0]).toMatchObject({ state: { kind: 'finishing', outcome: 'failed' } })
  })
  it('has ended without those of which accounting says nothing for long, and is lost when it says nothing at all', async () => {
    const { order, platform, pass } = openArray()
    platform.taskEndings = new Map(range(0, 998).map((task) => [task, ended]))
    await pass(1)
    platform.listed.clear()
    await pass(200)
    expect(kindsOf(order)).toEqual(['running'])
    await pass(2000)
    expect(order.status.jobs[0]).toMatchObject({ state: { outcome: 'cancelled', reason: '1_999: cancelled before it began' } })
    const silent = openArray()
    await silent.pass(1)
    silent.platform.listed.clear()
    await silent.pass(2200)
    expect(silent.order.status.jobs[0]).toMatchObject({
      state: { outcome: 'lost' },
      tasks: [{ tasks: '0-999', outcome: 'lost' }]
    })
  })
  it('goes on while accounting says that a task has not ended', async () => {
    const { order, platform, pass } = openArray()
    platform.taskEndings = new Map([...range(0, 998).map((task) => [task, ended] as const), [999, null]])
    platform.listed.clear()
    await pass(3000)
    expect(kindsOf(order)).toEqual(['queued'])
    expect(order.status.jobs[0]?.tasks.at(-1)).toEqual({ tasks: '999', ...openTask('finishing') })
  })
})

describe('a platform on which nothing is watched', () => {
  it('is not listed, but where it matters for a limit how many jobs are there', async () => {
    const { platform, pass } = openPlatform([])
    expect(await pass(20)).toEqual([])
    platform.isLimited = true
    expect((await pass(20)).length).toBeGreaterThan(0)
  })
})
