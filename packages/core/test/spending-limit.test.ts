import { describe, expect, it } from 'vitest'
import { estimateRequeued, judgeSpending, sumEstimates } from '../src/billing/spending-limit.ts'
import { followUp } from '../src/job/follow-up.ts'
import { declareJob, type Job, type JobState } from '../src/job/job.ts'
import { reduceJob } from '../src/job/reduce-job.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'

const submitting: JobState = { kind: 'submitting', try: 1, answerLost: false }
const ended = (slurmJobId: string | null): JobState => {
  return { kind: 'finished', slurmJobId, outcome: 'failed', exitCode: 1, reason: null, collecting: 'stored' }
}
const job = (index: number, state: JobState, cpuBu: number, gpuBu = 0): Job => {
  return { ...declareJob(index), state, estimate: { cpuBu, gpuBu } }
}

describe('what an order may cost', () => {
  it('is the sum of all attempts that were submitted or are about to be, but for the one that is judged', () => {
    const retried: Job = { ...followUp(job(0, ended('7'), 10), 2), state: submitting, estimate: { cpuBu: 20, gpuBu: 1 } }
    const jobs = [retried, job(1, { kind: 'queued', slurmJobId: '8', reason: null }, 40), job(2, ended(null), 80), declareJob(3)]
    expect(sumEstimates(jobs, { index: 3, attempt: 1 })).toEqual({ cpuBu: 70, gpuBu: 1 })
    expect(sumEstimates(jobs, { index: 0, attempt: 2 })).toEqual({ cpuBu: 50, gpuBu: 0 })
  })
  it('counts a job as often as it began, by SLURM’s doing or by an order, and a task as its part of it', () => {
    const done = (task: number | null, refused?: true) => {
      return { id: '1', order: 'requeue' as const, task, ...(refused ? { refused } : {}) }
    }
    const running: JobState = { kind: 'running', slurmJobId: '8' }
    const restarted: Job = { ...job(0, running, 10), restart: 2, controlsDone: [done(null)] }
    const array: Job = { ...job(1, running, 100), array: '1-4', controlsDone: [done(2), done(2), done(null, true)] }
    expect(sumEstimates([restarted, array], { index: 2, attempt: 1 })).toEqual({ cpuBu: 180, gpuBu: 0 })
    expect([estimateRequeued(restarted, null).cpuBu, estimateRequeued(array, 3).cpuBu]).toEqual([30, 175])
  })
  it('may reach the limit and not go beyond, each unit by itself', () => {
    const judge = (cpuBu: number, gpuBu: number) => judgeSpending({ 'cpu-bu': 100 }, { cpuBu, gpuBu }, { cpuBu: 70, gpuBu: 5 })
    expect([judge(30, 0), judge(0, 1e6)]).toEqual([null, null])
    expect(judge(30.5, 0)).toBe(
      "it may cost 30.5 CPU BU; with 70 of the order's other submissions there, 100.5: more than the order's limit of 100 (limit.cpu-bu)"
    )
    expect(judgeSpending({ 'gpu-bu': 0 }, { cpuBu: 0, gpuBu: 1 }, { cpuBu: 0, gpuBu: 0 })).toBe(
      "it may cost 1 GPU BU: more than the order's limit of 0 (limit.gpu-bu)"
    )
    // 0.1 + 0.2 is 0.30000000000000004.
    expect(judgeSpending({ 'cpu-bu': 0.3 }, { cpuBu: 0.1, gpuBu: 0 }, { cpuBu: 0.2, gpuBu: 0 })).toBeNull()
  })
  it('is limited by the order, by one unit at least', () => {
    const read = (limit: unknown) => {
      const order = { name: 'n', limit, platforms: { lumi: { jobs: [{ script: '#!/bin/sh\n' }] } } }
      return orchestrationSchema(['lumi']).safeParse(order)
    }
    expect(read({ 'cpu-bu': 5 }).data?.limit).toEqual({ 'cpu-bu': 5 })
    expect(read(undefined).data).not.toHaveProperty('limit')
    for (const wrong of [{}, { 'cpu-bu': -1 }, { bu: 1 }, 5]) expect(read(wrong).success).toBe(false)
  })
  it('is known of a try, also when the saved state is an older one', () => {
    const estimate = { cpuBu: 3, gpuBu: 0 }
    const orders = { starts: new Map([[1, '']]), stops: new Map<number, string>(), controls: [] }
    const tell = (state: JobState, stops = orders.stops) =>
      reduceJob(
        { ...declareJob(0), state },
        { type: 'ordersRead', orders: { ...orders, stops, tries: new Map([[1, { try: 1, estimate }]]) } },
        ''
      )
    expect(tell(submitting)).toMatchObject({ job: { state: submitting, estimate }, effects: [] })
    expect(tell(submitting, new Map([[1, '']])).job).toMatchObject({ estimate, stopOrderedAt: '' })
    expect(tell({ kind: 'preparing' }).job).toMatchObject({ estimate, state: { kind: 'submitting', answerLost: true } })
  })
})
