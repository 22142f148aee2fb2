import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { until } from '../support/until.ts'

interface Task {
  task: number
  state: string
  outcome: string | null
  'exit-code': number | null
  reason: string | null
}

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
beforeAll(async () => {
  lautta = await startLauttaOnSlurm()
  orders = createOrderClient(lautta.ask)
})
afterAll(() => lautta?.stop())

const jobPath = (id: string) => `/v1/orchestrations/${id}/jobs/mahti/0`
const tasksOf = async (id: string): Promise<Task[]> => (await lautta.ask(jobPath(id))).json.tasks ?? []
/** Each task's state, or how it ended, once they are as they should be. */
const untilTasks = (id: string, isReached: (states: Record<number, string>) => boolean) =>
  until(async () => {
    const states = Object.fromEntries((await tasksOf(id)).map(({ task, state, outcome }) => [task, outcome ?? state]))
    return isReached(states) ? states : null
  }, 100)
const give = (id: string, verb: string, task: number) => lautta.ask(`${jobPath(id)}/${verb}?task=${task}`, { method: 'POST' })
const sleeper = '#!/bin/sh\nsleep 150\n'
const silent = { output: '/dev/null' }

describe('an array', () => {
  it('has the tasks that the job or its script asks for, in every form, each with its own end', async () => {
    const forms = { '1-7:3': [1, 4, 7], '4,2,9%1': [2, 4, 9] }
    const ids = await Promise.all(
      Object.keys(forms).map((array) =>
        orders.start('mahti', [{ script: '#!/bin/sh\n#SBATCH --array=0-99\ntrue\n', array, options: silent }])
      )
    )
    ids.push(await orders.start('mahti', [{ script: '#!/bin/sh\n#SBATCH -a 5-6 -o /dev/null\nexit 3\n' }]))
    for (const [at, id] of ids.entries()) {
      await orders.untilStored(id)
      const tasks = await tasksOf(id)
      expect(tasks.map(({ task }) => task)).toEqual([...Object.values(forms), [5, 6]][at])
      const end = at < 2 ? { outcome: 'completed', 'exit-code': 0 } : { outcome: 'failed', 'exit-code': 3 }
      expect(tasks.map(({ outcome, 'exit-code': exitCode }) => ({ outcome, 'exit-code': exitCode }))).toEqual(
        tasks.map(() => end)
      )
    }
    const { json: rows } = await lautta.ask(`/v1/tables/sacct?orchestration=${ids[2]}`)
    const ofJobs = rows.items.filter((row: Record<string, unknown>) => row['job-step'] === null)
    expect(ofJobs.map((row: Record<string, unknown>) => Number(row['array-task'])).sort()).toEqual([5, 6])
    expect((await lautta.ask(`/v1/tables/usage?orchestration=${ids[2]}`)).json.items).toHaveLength(1)
  })

  it('ends as the worst of its tasks, and runs again only what did not complete', async () => {
    const script = '#!/bin/sh\n[ $SLURM_ARRAY_TASK_ID != 2 ] || [ -e ~/mended ] || { touch ~/mended; exit 5; }\n'
    const id = await orders.start('mahti', [{ script, array: '0-3', options: silent }])
    const failed = await orders.untilStored(id)
    const [job] = failed.platforms.mahti.jobs
    expect(job).toMatchObject({ outcome: 'failed', 'exit-code': 5, array: '0-3', 'tasks-by-state': { finished: 4 } })
    expect(job.reason).toBe(`${job.id}_2: FAILED, exit code 5`)
    await orders.give(id, 'start')
    const mended = await orders.untilJob(id, 'mahti', ({ attempt, status }) => attempt === 2 && status.stored)
    expect(mended).toMatchObject({ outcome: 'completed', 'tasks-by-state': { finished: 1 } })
    expect((await tasksOf(id)).map(({ task, outcome }) => [task, outcome])).toEqual([[2, 'completed']])
  })

  it('is refused when it is too large for SLURM', async () => {
    const id = await orders.start('mahti', [{ script: sleeper, array: '0-1001' }])
    const refused = await orders.untilJob(id, 'mahti', ({ state }) => state === 'finished')
    expect(refused).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/0-1001 is too large: 1000 is the highest index/)
    })
  })
})

describe('one task of an array', () => {
  it('is cancelled, held and released by itself', async () => {
    const id = await orders.start('mahti', [{ script: sleeper, array: '0-5%2', options: silent }])
    await untilTasks(id, (states) => states[0] === 'running' && states[1] === 'running')
    for (const [verb, task] of [
      ['hold', 2],
      ['cancel', 5],
      ['cancel', 0]
    ] as const) {
      expect((await give(id, verb, task)).status).toBe(202)
    }
    // The one that is held is passed over.
    const states = await untilTasks(id, (found) => found[3] === 'running' && found[0] === 'cancelled' && found[5] === 'cancelled')
    expect(states).toMatchObject({ 1: 'running', 2: 'queued', 4: 'queued' })
    const tasks = await tasksOf(id)
    expect(tasks[5]?.reason).toBe('cancelled before it began')
    expect(tasks[0]?.reason).toMatch(/^CANCELLED by /)
    expect((await orders.job(id, 'mahti')).state).toBe('running')
    expect((await give(id, 'cancel', 5)).status).toBe(409)
    expect((await give(id, 'hold', 1)).status).toBe(409)
    expect((await give(id, 'cancel', 6)).status).toBe(404)
    await give(id, 'release', 2)
    for (const task of [1, 4]) await give(id, 'cancel', task)
    await untilTasks(id, (found) => found[2] === 'running')
    await orders.give(id, 'stop')
    const { outcome, platforms } = await orders.untilStored(id)
    expect([outcome, platforms.mahti.jobs[0]['tasks-by-state']]).toEqual(['cancelled', { finished: 6 }])
  })

  it('is cancelled once the array is there, when that was ordered before; without any left, the array is cancelled', async () => {
    const id = await orders.declare('mahti', [{ script: sleeper, array: '0-1', options: { hold: true, ...silent } }])
    expect((await give(id, 'cancel', 0)).status).toBe(202)
    await orders.give(id, 'start')
    expect(await untilTasks(id, (states) => states[0] === 'cancelled')).toMatchObject({ 1: 'queued' })
    await give(id, 'cancel', 1)
    const { outcome, platforms } = await orders.untilStored(id)
    expect([outcome, platforms.mahti.jobs[0]['tasks-by-state']]).toEqual(['cancelled', { finished: 2 }])
  })

  it('is none of a job that is no array', async () => {
    const id = await orders.declare('mahti', [{ script: sleeper }])
    expect((await give(id, 'cancel', 0)).status).toBe(400)
  })
})

describe('an array of a thousand tasks', () => {
  const objectsOf = async (id: string): Promise<string[]> => {
    const buckets = (['pipe', 'sub-air'] as const).map((target) => lautta.objectFile(target, ''))
    const found = await Promise.all(
      buckets.map((bucket) => readdir(bucket, { recursive: true, withFileTypes: true }).catch(() => []))
    )
    return found
      .flat()
      .flatMap((entry) => (entry.isFile() && `${entry.parentPath}/${entry.name}`.includes(id) ? [entry.name] : []))
  }

  it('is one line in squeue while it waits, a short status, and few objects', async () => {
    const script = '#!/bin/sh\n[ $((SLURM_ARRAY_TASK_ID % 3)) != 1 ] || exit 1\n'
    const id = await orders.start('mahti', [{ script, array: '0-999', options: { hold: true, ...silent } }])
    const { id: slurmJobId, ...job } = await orders.untilJob(id, 'mahti', ({ reason }) => reason === 'JobHeldUser')
    expect(job['tasks-by-state']).toEqual({ queued: 1000 })
    const { stdout } = await lautta.slurm.exec(['squeue', '--noheader', `--jobs=${slurmJobId}`])
    expect(stdout.trim().split('\n')).toHaveLength(1)
    await lautta.ask(`${jobPath(id)}/release`, { method: 'POST' })
    await untilTasks(id, (states) => Object.values(states).filter((one) => one === 'failed').length > 10)
    await orders.give(id, 'stop')
    const [stored] = (await orders.untilStored(id)).platforms.mahti.jobs
    expect(stored).toMatchObject({ outcome: 'failed', 'tasks-by-state': { finished: 1000 } })
    const objects = await objectsOf(id)
    expect(objects.length).toBeGreaterThan(5)
    expect(objects.length).toBeLessThan(40)
    const status = await readFile(lautta.objectFile('sub-air', `MANAGEMENT/${id}/mahti.json`))
    expect(status.length).toBeLessThan(20_000)
  })
})
