import { join } from 'node:path'
import { declareJob, type Job } from '@lautta/core/job/job'
import { joinLogParts, listLogPieces } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { type CollectPorts, collectRun } from '../src/collect-run.ts'
import { openPorts } from './open-ports.ts'

export const run = { id: '1', platform: 'local', index: 0, attempt: 1 }
const message = { user: 'u', ...run }
export const bucket = 'mlch-pipe-u'

export interface FollowedLog {
  ports: CollectPorts
  /** Where the job writes. */
  path: string
  /** One collecting; `restart` is what the status tells by then. */
  look(restart?: number): Promise<string>
  /** The last collecting, after which all is stored. */
  end(restart?: number): Promise<string>
  /** What was brought until now; its pieces have to follow one another without a gap. */
  brought(): Promise<string>
}

/** A job of this machine with one log, below a folder of its own, and what is brought of it. */
export async function followLog(
  root: string,
  change: (ports: CollectPorts) => CollectPorts = (ports) => ports
): Promise<FollowedLog> {
  const path = join(root, 'log')
  const record = { jobId: '1', jobStep: null, arrayTask: null, restart: 0, jobName: null, state: 'COMPLETED', endedAtEpoch: 1 }
  const used = { allocCpus: 1, elapsedSeconds: 1, totalCpuSeconds: 1, maxRssBytes: 1, reqMemBytes: 1, consumedEnergyJoules: null }
  const openAt = async (restart: number, hasEnded: boolean) => {
    const ended = { outcome: 'completed', exitCode: 0, reason: null, collecting: 'owed' } as const
    const state = hasEnded
      ? ({ kind: 'finished', slurmJobId: '1', ...ended } as const)
      : ({ kind: 'running', slurmJobId: '1' } as const)
    const job: Job = { ...declareJob(0), restart, outPath: path, state }
    return change(await openPorts(root, [job], async () => ({ records: [{ ...record, ...used } as never], unreadable: [] })))
  }
  const ports = await openAt(0, false)
  return {
    ports,
    path,
    look: async (restart = 0) => collectRun(await openAt(restart, false), message),
    end: async (restart = 0) => collectRun(await openAt(restart, true), message),
    brought: () => joinBrought(ports.store)
  }
}

async function joinBrought(store: ObjectStore): Promise<string> {
  const pieces = await listLogPieces(store, bucket, run, 'out')
  let last = { restart: 0, end: 0 }
  for (const { path, restart, offset, usedBytes } of pieces) {
    if (offset !== (restart === last.restart ? last.end : 0)) throw new Error(`${path} does not follow what is before it`)
    last = { restart, end: offset + usedBytes }
  }
  return Buffer.concat(await joinLogParts(store, bucket, pieces).toArray()).toString('latin1')
}
