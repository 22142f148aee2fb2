import { RefusedError } from '@lautta/core/errors'
import { declareJob, type Job } from '@lautta/core/job/job'
import type { Scheduler } from '@lautta/platforms/scheduler'
import { describe, expect, it } from 'vitest'
import { control } from '../src/effects/control.ts'
import type { PlatformWork } from '../src/effects/job-work.ts'

/** Carries out a control order for a job that waits, and answers what was asked of the scheduler for it. */
async function carryOut(ordered: Partial<Job['control']>, cpuBuAtMost?: number) {
  const asked: string[] = []
  const scheduler = {
    cancel: async (id: string) => void asked.push(`cancel ${id}`),
    requeue: async (id: string, token: string, orderId: string) => void asked.push(`requeue ${id} ${token} ${orderId}`),
    hold: async () => {
      throw new RefusedError('Access/permission denied')
    }
  } as unknown as Scheduler
  const job = {
    ...{ ...declareJob(0), estimate: { cpuBu: 4, gpuBu: 0 } },
    state: { kind: 'queued', slurmJobId: '20', reason: null },
    control: { id: '01', task: null, also: [], ...ordered }
  }
  const limit = cpuBuAtMost === undefined ? undefined : { 'cpu-bu': cpuBuAtMost }
  const order = { id: '1', fence: () => 1, request: { version: null, request: { limit } }, status: { jobs: [job] } }
  const management = { tokenOf: () => 'token' }
  const event = await control({
    job,
    order,
    management,
    known: { kind: 'slurm' },
    platform: { scheduler }
  } as unknown as PlatformWork)
  return { asked, event }
}

describe('a control order', () => {
  it('that cancels tasks asks for each of them, and is told once', async () => {
    const also = Array.from({ length: 300 }, (_, at) => ({ id: `1${at}`, task: at + 7 }))
    const { asked, event } = await carryOut({ order: 'cancel', task: 4, also })
    expect(asked).toEqual(['cancel 20_4', ...also.map(({ task }) => `cancel 20_${task}`)])
    expect(event).toEqual({ type: 'controlDone', id: '01', words: 'tasks 4,7-306: to end' })
  })
  it('is of one task, or of the job', async () => {
    expect(await carryOut({ order: 'cancel', task: 4 })).toMatchObject({
      asked: ['cancel 20_4'],
      event: { words: 'task 4: to end' }
    })
    const { asked, event } = await carryOut({ order: 'requeue' })
    expect([asked, event]).toEqual([['requeue 20 token 01'], { type: 'controlDone', id: '01', words: 'to begin anew' }])
  })
  it('to begin anew is refused when the order could cost more than its limit then, whoever asks how often', async () => {
    expect((await carryOut({ order: 'requeue' }, 8)).asked).toHaveLength(1)
    const { asked, event } = await carryOut({ order: 'requeue' }, 7)
    expect([asked, event]).toMatchObject([[], { refused: true, words: expect.stringContaining('it may cost 8 CPU BU') }])
    expect((await carryOut({ order: 'cancel', task: 4 }, 0)).asked).toHaveLength(1)
  })
  it('that the platform refuses is told in its words', async () => {
    const { event } = await carryOut({ order: 'hold', task: 4 })
    expect(event).toMatchObject({ words: 'task 4: hold was refused: Access/permission denied', refused: true })
  })
})
