import { UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { sacctEndings, sacctRecords } from '../src/slurm/sacct.ts'
import { squeue } from '../src/slurm/squeue.ts'

const since = new Date('2026-11-20T12:00:00Z')
const text = (rows: readonly string[][]) => rows.map((fields) => `${fields.join('\x1f')}\n`).join('')
const answer = (stdout: string) => ({ stdout, stderr: '', exitCode: 0 })

describe('the list of squeue', () => {
  const list = (...rows: string[][]) => squeue.parse(answer(text(rows)))
  const waiting = ['20', 'PENDING', 'N/A', 'Resources', '100', 'many']
  const early = ['20', 'RUNNING', '110', 'None', '100', 'many']
  const late = ['20', 'COMPLETING', '120', 'None', '100', 'many']

  it('has an array job once, running since its first task began, in whatever sequence its lines come', () => {
    const folded = {
      phase: 'running',
      reason: null,
      startedAt: '1970-01-01T00:01:50.000Z',
      jobName: 'many',
      submittedAtEpoch: 100
    }
    for (const rows of [
      [waiting, early, late],
      [late, early, waiting],
      [early, waiting, late]
    ]) {
      expect(list(...rows)).toEqual(new Map([['20', folded]]))
    }
    expect(list(waiting, waiting).get('20')).toMatchObject({ phase: 'pending', reason: 'Resources', startedAt: null })
  })
  it('takes a state that it does not know for one of a job that has begun', () => {
    expect(list(['7', 'DREAMING', '110', 'None', '100', 'x']).get('7')).toMatchObject({ phase: 'running' })
  })
  it('is none when squeue failed, even if it printed something', () => {
    expect(() => squeue.parse({ stdout: text([early]), stderr: 'no controller', exitCode: 1 })).toThrow(UnavailableError)
  })
})

describe('the endings of sacct', () => {
  const endings = (...rows: string[][]) => sacctEndings(['20'], since).parse(answer(text(rows)))
  const row = (id: string, state: string, exitCode = '0:0', [start, end] = ['110', '120']) => [
    ...[id, state, exitCode, start ?? '', end ?? '', '100', 'job']
  ]

  it('are told by the memory that a job took, its node, and who cancelled it', () => {
    expect(endings(row('20', 'OUT_OF_MEMORY', '0:125')).get('20')).toMatchObject({
      outcome: 'out-of-memory',
      reason: 'OUT_OF_MEMORY, signal 125'
    })
    expect(endings(row('20', 'NODE_FAIL', '1:0')).get('20')).toMatchObject({ outcome: 'node-failed' })
    expect(endings(row('20', 'CANCELLED by 1001', '0:0', ['Unknown', '120'])).get('20')).toMatchObject({
      outcome: 'cancelled',
      reason: 'CANCELLED by 1001',
      startedAt: null,
      endedAt: '1970-01-01T00:02:00.000Z'
    })
  })
  it('are none as long as a state is no end, also one that nobody knows', () => {
    for (const state of ['PENDING', 'RUNNING', 'REQUEUED', 'SUSPENDED', 'RESIZING', 'DREAMING']) {
      expect(endings(row('20', state)).get('20'), state).toBeNull()
    }
  })
  it('make one of an array job, as the worst of its tasks ended, when all of them have', () => {
    const [good, bad] = [row('20_1', 'COMPLETED', '0:0', ['105', '150']), row('20_3', 'FAILED', '9:0', ['130', '140'])]
    expect(endings(good, bad, row('20_2', 'CANCELLED by 1001', '0:15', ['None', '200'])).get('20')).toEqual({
      outcome: 'failed',
      exitCode: 9,
      reason: '20_3: FAILED, exit code 9',
      startedAt: '1970-01-01T00:01:45.000Z',
      endedAt: '1970-01-01T00:03:20.000Z',
      jobName: 'job',
      submittedAtEpoch: 100
    })
    expect(endings(good, bad, row('20_[4-9]', 'PENDING')).get('20')).toBeNull()
  })
  it('leave out what a newline in a name leaves over', () => {
    const rows = text([row('20', 'FAILED', '1:0').with(-1, 'one\n21|COMPLETED|0:0')])
    expect([...sacctEndings(['20'], since).parse(answer(rows))]).toEqual([
      ['20', expect.objectContaining({ outcome: 'failed', jobName: 'one' })]
    ])
  })
})

describe('the lines of accounting', () => {
  it('ask each version for the names that it knows', () => {
    const fields = (version: number) =>
      sacctRecords(['20'], since, version).argv.find((word) => word.startsWith('--format=')) ?? ''
    expect(fields(22.05)).toMatch(/,Reserved,ResvCPU,JobName$/)
    expect(fields(24.11)).toMatch(/,Planned,PlannedCPU,JobName$/)
  })
})
