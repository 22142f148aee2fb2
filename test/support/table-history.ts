import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AccountingRecord } from '../../packages/core/src/accounting/accounting-record.ts'
import { deriveKey } from '../../packages/core/src/derive-key.ts'
import { createId } from '../../packages/core/src/ids.ts'
import { followUp } from '../../packages/core/src/job/follow-up.ts'
import { declareJob, type Job } from '../../packages/core/src/job/job.ts'
import { type Run, requestPath, sacctPath, timesPath, usagePath } from '../../packages/core/src/object-names.ts'
import type { Orchestration } from '../../packages/core/src/orchestration/dictionary.ts'
import { createFolderStore } from '../../packages/object-store/src/folder/folder-store.ts'
import { createManagement, type Management } from '../../packages/object-store/src/management.ts'
import type { ObjectStore } from '../../packages/object-store/src/object-store.ts'
import { writeSacctTable } from '../../packages/tables/src/sacct-table.ts'
import { writeTimesTable } from '../../packages/tables/src/times-table.ts'
import { writeUsageTable } from '../../packages/tables/src/usage-table.ts'
import { createOrderReader } from '../../services/forwarder/src/order-reader.ts'

/** Orders of users, and the tables that their runs left, written as Lautta's services write them. */
export function createHistory(installation: { store: ObjectStore; management: Management }) {
  const { store, management } = installation
  return {
    order: (user: string, created: Date, jobs: Readonly<Record<string, number>>) => writeRequest(management, user, created, jobs),
    finish: (user: string, order: HistoryOrder, platform: string, steps = 2) =>
      finishJobs(installation, user, order, platform, steps),
    /** Ends its jobs without a table. */
    async save(user: string, order: HistoryOrder, platform: string): Promise<void> {
      endJobs(order, platform)
      await saveStatus(management, user, order, platform)
    },
    restart: (user: string, order: HistoryOrder, platform: string) => restartJobs(management, user, order, platform),
    async remove(user: string, { id }: HistoryOrder): Promise<void> {
      await store.delete(management.bucketOf(user), requestPath(id))
    }
  }
}

// In memory where that is there: each write of a folder store waits for the disk.
const quickFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** The same in a folder of its own, with what readers and writers of tables need, and a count of what they ask for. */
export async function openTableHistory(parent = quickFolder) {
  const root = await mkdtemp(join(parent, 'lautta-history-'))
  const counts = { list: 0, get: 0, head: 0, put: 0 }
  const store = countCalls(createFolderStore(root), counts)
  const documentKey = deriveKey('a master key', 'documents')
  const slugOf = (user: string) => user
  const managementOver = (of: ObjectStore): Management =>
    createManagement({ store: of, bucketPrefix: 'mlch', documentKey, slugOf, onIgnored: () => {} })
  const management = managementOver(store)
  return {
    ...createHistory({ store, management }),
    ...{ root, store, management, managementOver, counts },
    /** What a forwarder has that was just started. */
    ports: () => ({ store, management, reader: createOrderReader(management) }),
    /** One that knows of no joined tables. */
    portsWithoutIndex: () => {
      const blind: Management = { ...management, readSegments: async () => [] }
      return { store, management: blind, reader: createOrderReader(blind) }
    },
    close: () => rm(root, { recursive: true })
  }
}
export type TableHistory = Awaited<ReturnType<typeof openTableHistory>>

/** An order with its jobs by platform, as they were last saved. */
export interface HistoryOrder {
  id: string
  jobs: Map<string, Job[]>
  sequence: number
}

async function writeRequest(
  management: Management,
  user: string,
  created: Date,
  jobs: Readonly<Record<string, number>>
): Promise<HistoryOrder> {
  const id = createId(created)
  const platforms = Object.entries(jobs).map(([name, count]) => [
    name,
    { jobs: Array.from({ length: count }, () => ({ script: '#!/bin/sh\n', path: 'x' })) }
  ])
  const request = { name: 'history', labels: {}, platforms: Object.fromEntries(platforms) } as unknown as Orchestration
  const head = { schema: 1, id, user, createdAt: created.toISOString(), bodySha256: '', warnings: [] }
  await management.writeRequest(user, { ...head, request })
  const declared = Object.entries(jobs).map(([name, count]): [string, Job[]] => [
    name,
    Array.from({ length: count }, (_none, index) => declareJob(index))
  ])
  return { id, jobs: new Map(declared), sequence: 0 }
}

async function saveStatus(management: Management, user: string, order: HistoryOrder, platform: string): Promise<void> {
  const jobs = order.jobs.get(platform)!
  const status = { schema: 1, id: order.id, platform, fence: 1, sequence: ++order.sequence, jobs, history: [] }
  await management.writeStatus(user, status)
}

/** Ends all jobs of an order on a platform, with their tables. */
async function finishJobs(
  { store, management }: { store: ObjectStore; management: Management },
  user: string,
  order: HistoryOrder,
  platform: string,
  steps: number
): Promise<void> {
  const jobs = endJobs(order, platform)
  for (const { index, attempt } of jobs) {
    const run = { id: order.id, platform, index, attempt }
    const bucket = management.bucketOf(user)
    await store.put(bucket, sacctPath(run), sacctOf(run, steps))
    await store.put(bucket, usagePath(run), usageOf(run, 50))
    await store.put(management.bucketOf(user, 'pipeline'), timesPath(run), timesOf())
  }
  await saveStatus(management, user, order, platform)
}

function endJobs(order: HistoryOrder, platform: string): Job[] {
  const ended = {
    kind: 'finished',
    slurmJobId: '7',
    outcome: 'completed',
    exitCode: 0,
    reason: null,
    collecting: 'stored'
  } as const
  const jobs = order.jobs.get(platform)!.map((job): Job => ({ ...job, state: ended }))
  order.jobs.set(platform, jobs)
  return jobs
}

/** Begins the next attempt of all jobs of an order on a platform. */
async function restartJobs(management: Management, user: string, order: HistoryOrder, platform: string): Promise<void> {
  const jobs = order.jobs.get(platform)!.map((job) => followUp(job, job.attempt + 1))
  order.jobs.set(platform, jobs)
  await saveStatus(management, user, order, platform)
}

/** SACCT of a run with so many steps. */
export function sacctOf(run: Run, steps: number): Uint8Array {
  const records = Array.from({ length: steps + 1 }, (_none, step) => recordOf(step === 0 ? null : String(step - 1), run.index))
  return writeSacctTable(records, run, 'token')
}

/** USAGE of a run. */
export function usageOf(run: Run, cpuEfficiencyPercent: number): Uint8Array {
  const usage = { jobId: '7', state: 'COMPLETED', nodes: 1, coresPerNode: 2, cpuUtilizedSeconds: 3, coreWalltimeSeconds: 6 }
  const rest = {
    wallClockSeconds: 3,
    memoryUtilizedBytes: 1,
    memoryAllocatedBytes: 2,
    memoryEfficiencyPercent: 50,
    energyJoules: null
  }
  const bill = { gpuHours: 0, cpuBu: 1, gpuBu: null, storageBu: null, billedProject: 'project_1', gpuEfficiencyPercent: null }
  return writeUsageTable({ ...usage, ...rest, ...bill, source: 'formula', cpuEfficiencyPercent }, run)
}

/** TIMES of a run. */
function timesOf(): Uint8Array {
  const stage = { begin: 1, end: 2, total: 1 }
  return writeTimesTable({ start: stage, config: stage, run: stage, cancel: stage, store: stage })
}

function recordOf(jobStep: string | null, index: number): AccountingRecord {
  const known = {
    jobId: '7',
    jobStep,
    state: 'COMPLETED',
    exitCode: 0,
    elapsedSeconds: 3 + index,
    allocCpus: 2,
    jobName: 'n.token'
  }
  // What accounting does not tell is null.
  return new Proxy(known, { get: (of, key) => (key in of ? of[key as keyof typeof of] : null) }) as unknown as AccountingRecord
}

/** Counts what is asked of a store. */
function countCalls(store: ObjectStore, counts: Record<'list' | 'get' | 'head' | 'put', number>): ObjectStore {
  const counted = (name: keyof typeof counts) => ({
    [name](...given: unknown[]) {
      counts[name]++
      return (store[name] as (...given: unknown[]) => unknown)(...given)
    }
  })
  return { ...store, ...counted('list'), ...counted('get'), ...counted('head'), ...counted('put') } as ObjectStore
}
