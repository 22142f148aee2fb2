import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SlurmServer, slurmCommands, startSlurm } from '../../../test/servers/slurm.ts'
import { until } from '../../../test/support/until.ts'
import { plainProfile } from '../src/profiles/shipped-profiles.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import type { Scheduler } from '../src/scheduler.ts'
import { createSlurmScheduler } from '../src/slurm/slurm-scheduler.ts'
import { collectAccounting, findEndings } from './ask-accounting.ts'
import { composeTestJob } from './compose-test-job.ts'
import { openTestShell } from './open-test-shell.ts'

const since = new Date()
const jobCount = 5

let slurm: SlurmServer
let shell: RemoteShell
let scheduler: Scheduler
let ids: string[]
const commands: string[] = []
const taken: (readonly [commands: number, rank: string])[] = []

beforeAll(async () => {
  slurm = await startSlurm()
  shell = await openTestShell(slurm)
  const counting: RemoteShell = {
    ...shell,
    start(argv, lane) {
      commands.push(argv.join(' '))
      return shell.start(argv, lane)
    }
  }
  const take = async (...asked: (typeof taken)[number]) => void taken.push(asked)
  scheduler = createSlurmScheduler(counting, plainProfile, { take, close: () => {} })
})
afterAll(async () => {
  await shell?.close()
  await slurm?.stop()
})

/** What was run since the last time, as far as it has this word. */
const takeCommands = (word: string) => commands.splice(0).filter((command) => command.includes(word))

describe.skipIf(!requireCommands(slurmCommands()))('SLURM commands', () => {
  it('are taken from the budget, submissions after all else', async () => {
    const answers = await Promise.all(
      Array.from({ length: jobCount }, async () => {
        expect(await scheduler.awaitTurn()).toBe(true)
        return scheduler.submit(composeTestJob('#!/bin/sh\ntrue\n', { hold: true }))
      })
    )
    ids = answers.map((answer) => (answer.kind === 'accepted' ? answer.slurmJobId : answer.kind))
    expect((await scheduler.listJobs()).size).toBe(jobCount)
    await scheduler.findSubmission({ token: 'abc', try: 1 }, since)
    expect(taken).toEqual([...Array(jobCount).fill([2, 'second']), [1, 'first'], [2, 'second']])
  })

  it('end many jobs at once, some of which have ended already', async () => {
    await scheduler.cancel(ids[0]!)
    takeCommands('scancel')
    await Promise.all([...ids, '987654321'].map((id) => scheduler.cancel(id)))
    expect(takeCommands('scancel')).toHaveLength(1)
    const endings = await until(async () => {
      const found = [...(await findEndings(scheduler, ids, since)).values()]
      return found.filter((ending) => ending !== null).length === jobCount ? found : null
    })
    expect(endings.map((ending) => ending?.outcome)).toEqual(Array(jobCount).fill('cancelled'))
  })

  it('account for many jobs at once, each with its own lines', async () => {
    takeCommands('sacct')
    const records = await Promise.all([...ids, '987654321'].map((id) => collectAccounting(scheduler, id, since)))
    expect(takeCommands('--duplicates')).toHaveLength(1)
    expect(records.map(([job]) => job?.jobId)).toEqual([...ids, undefined])
  })

  it('ask accounting for nothing from before the jobs were ordered', async () => {
    takeCommands('sacct')
    const [job] = await collectAccounting(scheduler, ids[0]!, since)
    const start = /--starttime=(\S+)/.exec(takeCommands('--duplicates')[0] ?? '')?.[1]
    // A day earlier, because of the clocks and time zones of two computers.
    expect(Date.parse(`${start}Z`) + 24 * 3600 * 1000).toBeCloseTo(since.getTime(), -4)
    expect(job?.state).toBe('CANCELLED')
  })
})
