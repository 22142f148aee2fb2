import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { countQuestions, forgetQuestions, type SlurmQuestions } from '../support/slurm-questions.ts'
import { trackHeldJobs } from '../support/tracked-jobs.ts'
import { until } from '../support/until.ts'

const jobCount = 1000
const pollSeconds = 1
// One squeue asks slurmctld three things, one of which is the listing; one sacct asks slurmdbd once for jobs.
const squeueQuestions = 3
const listing = 'REQUEST_JOB_USER_INFO'
const accounting = 'DBD_GET_JOBS_COND'

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
let ids: string[]
beforeAll(async () => {
  lautta = await startLauttaOnSlurm()
  orders = createOrderClient(lautta.ask)
  await lautta.services.submitter.end()
  ids = await trackHeldJobs({ ...lautta, orders, platform: 'mahti' }, 40, jobCount / 40)
  await lautta.start('submitter')
})
afterAll(() => lautta?.stop())

const listings = ({ slurmctld }: SlurmQuestions): number => slurmctld.get(listing) ?? 0

/** Waits until SLURM has been asked for so many listings since it was last told to forget. */
const untilListed = (count: number) =>
  until(async () => {
    const asked = await countQuestions(lautta.slurm)
    return listings(asked) >= count ? asked : null
  }, 100)

/** Waits until each of the jobs is as it should be. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
const untilAll = (isReached: (job: any) => boolean) =>
  until(async () => {
    for (const id of ids) if (!(await orders.order(id)).platforms.mahti.jobs.every(isReached)) return false
    return true
  }, 500)

describe('a thousand jobs on a platform', () => {
  it('are seen by one listing at most in an interval, and by fewer while nothing changes', async () => {
    await untilAll(({ reason }) => reason === 'JobHeldUser')
    await forgetQuestions(lautta.slurm)
    await untilListed(4)
    await forgetQuestions(lautta.slurm)
    const startMs = performance.now()
    const asked = await untilListed(3)
    const minutes = (performance.now() - startMs) / 60_000
    expect(minutes * 60).toBeGreaterThan(10 * pollSeconds)
    expect(listings(asked)).toBe(3)
    expect(listings(asked) / minutes / jobCount, 'SLURM commands per job and minute').toBeLessThan(0.02)
    // We may have looked while a squeue was under way, at either end.
    expect(asked.slurmctld.get('csc'), 'other commands than squeue').toBeLessThanOrEqual(4 * squeueQuestions)
    expect(asked.slurmdbd.get('csc'), 'sacct while no job ended').toBeUndefined()
  })

  it('that end together are accounted for by one sacct for 200 of them after a listing', async () => {
    await lautta.services.monitor.end()
    await forgetQuestions(lautta.slurm)
    for (const id of ids) await orders.give(id, 'stop')
    await untilAll(({ outcome }) => outcome === 'cancelled')
    const asked = await countQuestions(lautta.slurm)
    const batches = (asked.slurmdbd.get(accounting) ?? 0) / (jobCount / 200)
    expect(batches).toBeGreaterThanOrEqual(1)
    expect(batches).toBeLessThanOrEqual(listings(asked))
  })

  it('are collected with ten sacct at most', async () => {
    await forgetQuestions(lautta.slurm)
    await lautta.start('monitor')
    await untilAll(({ status }) => status.stored)
    const { slurmdbd } = await countQuestions(lautta.slurm)
    expect(slurmdbd.get(accounting)).toBeGreaterThanOrEqual(jobCount / 200)
    expect(slurmdbd.get(accounting)).toBeLessThanOrEqual(10)
  })
})
