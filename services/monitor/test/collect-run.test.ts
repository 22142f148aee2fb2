import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Accounting } from '@lautta/core/accounting/accounting'
import { UnavailableError } from '@lautta/core/errors'
import { declareJob, type Job } from '@lautta/core/job/job'
import { listLogPieces } from '@lautta/object-store/log-pieces'
import type { SubmittedJob } from '@lautta/platforms/scheduler'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CollectPorts, collectRun } from '../src/collect-run.ts'
import { openPorts } from './open-ports.ts'

const runCount = 20
const run = (index: number) => ({ id: '1', platform: 'local', index, attempt: 1 })
const startOrderedAt = '2026-11-20T12:00:00.000Z'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-collect-'))
})
afterEach(() => rm(root, { recursive: true }))

/** Ended jobs with a log each. */
async function openRuns(collectAccounting: (job: SubmittedJob) => Promise<Accounting>): Promise<CollectPorts> {
  const outPath = join(root, 'log')
  await writeFile(outPath, 'a line\n')
  const jobs = Array.from({ length: runCount }, (_, index): Job => {
    const ended = { outcome: 'completed', exitCode: 0, reason: null } as const
    const state = { kind: 'finished', slurmJobId: String(index + 1), ...ended, collecting: 'owed' } as const
    return { ...declareJob(index), startOrderedAt, outPath, state }
  })
  return openPorts(root, jobs, collectAccounting)
}

const collectAll = (ports: CollectPorts) =>
  Promise.allSettled(Array.from({ length: runCount }, (_, index) => collectRun(ports, { user: 'u', ...run(index) })))

describe('runs that ended together', () => {
  it('are asked for together, whatever the places for the rest of the work, and from when they were ordered on', async () => {
    const asked: { id: string; since: Date }[] = []
    let tellAll = () => {}
    const allAsked = new Promise<void>((resolve) => (tellAll = resolve))
    const ports = await openRuns(async ({ slurmJobId: id, orderedAt }) => {
      if (asked.push({ id, since: orderedAt }) === runCount) tellAll()
      await allAsked
      return { records: [], unreadable: [] }
    })
    expect(await collectAll(ports)).toEqual(Array(runCount).fill({ status: 'fulfilled', value: 'incomplete' }))
    expect(new Set(asked.map(({ id }) => id)).size).toBe(runCount)
    expect(new Set(asked.map(({ since }) => since.toISOString()))).toEqual(new Set([startOrderedAt]))
  })

  it('have their logs brought while accounting is away', async () => {
    const ports = await openRuns(() => Promise.reject(new UnavailableError('slurmdbd is away')))
    const results = await collectAll(ports)
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['rejected']))
    for (let index = 0; index < runCount; index++)
      expect(await listLogPieces(ports.store, ports.management.bucketOf('u', 'pipeline'), run(index), 'out')).toHaveLength(1)
  })
})
