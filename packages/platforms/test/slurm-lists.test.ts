import { UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import type { SubmittedJob } from '../src/scheduler.ts'
import { sacctEndings, sacctRecords } from '../src/slurm/sacct.ts'
import { squeue } from '../src/slurm/squeue.ts'
import { fieldsOf, printLines, printRows } from './print-sacct.ts'

const ours: SubmittedJob = { slurmJobId: '20', token: 'abc', orderedAt: new Date(0), acceptedAt: new Date(200_000) }
const answer = (stdout: string) => ({ stdout, stderr: '', exitCode: 0 })

describe('the list of squeue', () => {
  const asked = squeue()
  const delimiter = /%F(.*)%K/.exec(asked.argv.at(-1)!)![1]!
  const print = (rows: readonly string[][]) => answer(rows.map((fields) => `${fields.join(delimiter)}\n`).join(''))
  const list = (...rows: string[][]) => asked.parse(print(rows))
  const waiting = ['20', '4-9%4', 'PENDING', 'N/A', 'Resources', '100', 'many']
  const early = ['20', '3', 'RUNNING', '110', 'None', '100', 'many']
  const late = ['20', '2', 'COMPLETING', '120', 'None', '100', 'many']

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
      expect([...list(...rows).keys()]).toEqual(['20'])
      expect(list(...rows).get('20')).toMatchObject(folded)
    }
    expect(list(waiting, waiting).get('20')).toMatchObject({ phase: 'pending', reason: 'Resources', startedAt: null })
  })
  it('has the tasks of an array by what is said of them, and none of a job without', () => {
    const held = ['20', '1,11', 'PENDING', 'N/A', 'JobHeldUser', '100', 'many']
    expect(list(waiting, early, held, late).get('20')?.tasks).toEqual([
      { tasks: [4, 5, 6, 7, 8, 9], phase: 'pending', reason: 'Resources' },
      { tasks: [3, 2], phase: 'running', reason: null },
      { tasks: [1, 11], phase: 'pending', reason: 'JobHeldUser' }
    ])
    expect(list(early.with(1, 'N/A')).get('20')).not.toHaveProperty('tasks')
    expect(list(waiting.with(1, '0,2,4,...'), early).get('20')).not.toHaveProperty('tasks')
  })
  it('takes a state that it does not know for one of a job that has begun', () => {
    expect(list(['7', 'N/A', 'DREAMING', '110', 'None', '100', 'x']).get('7')).toMatchObject({ phase: 'running' })
  })
  it('has each job once with its name, whatever that is', () => {
    const phantom = ['21', 'N/A', 'RUNNING', '110', 'None', '100', 'x'].join('\x1f')
    const named = early.with(1, 'N/A').with(6, `two\n${phantom}\n\nlines`)
    const listed = list(named, ['22', 'N/A', 'PENDING', 'N/A', 'None', '100', ''])
    expect([...listed].map(([id, { jobName }]) => [id, jobName])).toEqual([
      ['20', named[6]],
      ['22', '']
    ])
    expect(asked.parse(answer('Welcome to 21\x1f\n'))).toEqual(new Map())
  })
  it('is none when squeue failed, even if it printed something', () => {
    expect(() => asked.parse({ ...print([early]), stderr: 'no controller', exitCode: 1 })).toThrow(UnavailableError)
  })
})

describe('the endings of sacct', () => {
  const asked = sacctEndings([ours])
  const ending = (...rows: string[][]) => asked.parse(printLines(asked, rows))[0]
  const row = (id: string, state: string, exitCode = '0:0', [start, end] = ['110', '120']) => [
    ...[id, state, exitCode, start ?? '', end ?? '', '100', 'job']
  ]

  it('are told by the memory that a job took, its node, and who cancelled it', () => {
    expect(ending(row('20', 'OUT_OF_MEMORY', '0:125'))).toMatchObject({
      outcome: 'out-of-memory',
      reason: 'OUT_OF_MEMORY, signal 125'
    })
    expect(ending(row('20', 'NODE_FAIL', '1:0'))).toMatchObject({ outcome: 'node-failed' })
    expect(ending(row('20', 'CANCELLED by 1001', '0:0', ['Unknown', '120']))).toMatchObject({
      outcome: 'cancelled',
      reason: 'CANCELLED by 1001',
      startedAt: null,
      endedAt: '1970-01-01T00:02:00.000Z'
    })
  })
  it('are none as long as a state is no end, also one that nobody knows', () => {
    for (const state of ['PENDING', 'RUNNING', 'REQUEUED', 'SUSPENDED', 'RESIZING', 'DREAMING']) {
      expect(ending(row('20', state)), state).toBeNull()
    }
  })
  it('make one of an array job, as the worst of its tasks ended, when all of them have', () => {
    const [good, bad] = [row('20_1', 'COMPLETED', '0:0', ['105', '150']), row('20_3', 'FAILED', '9:0', ['130', '140'])]
    expect(ending(good, bad, row('20_2', 'CANCELLED by 1001', '0:15', ['None', '200']))).toEqual({
      outcome: 'failed',
      exitCode: 9,
      reason: '20_3: FAILED, exit code 9',
      startedAt: '1970-01-01T00:01:45.000Z',
      endedAt: '1970-01-01T00:03:20.000Z',
      jobName: 'job',
      submittedAtEpoch: 100
    })
    expect(ending(good, bad, row('20_[4-9]', 'PENDING'))).toBeNull()
  })
  it('of an array are told task by task, those that had not begun in one line, which has less weight than their own', () => {
    const found = (...rows: string[][]) => {
      const ofTasks = sacctEndings([{ ...ours, tasks: 1 }])
      const [one] = ofTasks.parse(printLines(ofTasks, rows))
      return one && 'tasks' in one ? [...one.tasks].map(([task, ending]) => [task, ending?.outcome ?? null]).sort() : one
    }
    const rest = row('20_[1-3,5%1]', 'CANCELLED by 20001')
    expect(found(row('20_8', 'COMPLETED'), row('20_3', 'RUNNING'), rest)).toEqual([
      [1, 'cancelled'],
      [2, 'cancelled'],
      [3, null],
      [5, 'cancelled'],
      [8, 'completed']
    ])
    expect(found(row('20_[1-2]', 'PENDING'))).toEqual([
      [1, null],
      [2, null]
    ])
    expect(found()).toBeUndefined()
  })
  it('have names as a whole, whatever is in them', () => {
    const name = 'one\n20|COMPLETED|0:0\n\x1f\n'
    expect(ending(row('20', 'FAILED', '1:0').with(-1, name))).toMatchObject({ outcome: 'failed', jobName: name })
  })
  it('are those of all components of a heterogeneous job, of which the script names the others as it likes', () => {
    const requeued = (id: string, state: string, submit: string, name: string) => row(id, state).with(-2, submit).with(-1, name)
    const first = requeued('20+0', 'COMPLETED', '9000', 'mine.abc')
    const second = requeued('20+1', 'NODE_FAIL', '9000', 'second')
    expect(ending(first, second)).toMatchObject({ outcome: 'node-failed', reason: '20+1: NODE_FAIL' })
    expect(ending(requeued('20+0', 'COMPLETED', '9001', 'theirs'), second)).toBeUndefined()
  })
  it('are not known, and no job is taken for unheard of, when its line can not be read', () => {
    expect(ending(row('20', 'FAILED').slice(0, -1))).toBeNull()
    expect(ending(row('21', 'FAILED').slice(0, -1))).toBeUndefined()
    expect(ending(row('20?', 'FAILED'))).toBeNull()
  })
})

describe('of all jobs that had the id of ours, accounting', () => {
  const job = { ...ours, orderedAt: new Date(10_000_000), acceptedAt: new Date(10_060_000) }
  const row = (state: string, submitted: number, name: string, id = '20') => [
    ...[id, state, '0:0', '1', '2', String(submitted), name]
  ]
  const before = row('COMPLETED', 9399, 'theirs')
  const after = row('TIMEOUT', 10_661, 'theirs')
  const asked = sacctEndings([job])
  const read = (...rows: string[][]) => asked.parse(printLines(asked, rows))[0]

  it('tells the ending of our own, in whatever sequence its lines come', () => {
    const mine = row('FAILED', 10_030, 'mine.abc')
    for (const rows of [
      [before, mine, after],
      [after, mine, before]
    ]) {
      expect(read(...rows)).toMatchObject({ outcome: 'failed', jobName: 'mine.abc' })
    }
  })
  it('has not heard of ours when it knows the others only', () => {
    expect(read(before, after)).toBeUndefined()
    expect(read()).toBeUndefined()
  })
  it('knows ours by its name however late it was requeued, and by its time whatever it is called', () => {
    expect(read(row('CANCELLED', 90_000, 'mine.abc'))).toMatchObject({ outcome: 'cancelled' })
    expect(read(row('CANCELLED', 9400, 'allocation'))).toMatchObject({ outcome: 'cancelled' })
    expect(read(row('CANCELLED', 10_660, 'renamed'))).toMatchObject({ outcome: 'cancelled' })
  })
  it('tells the last run of a job that was requeued', () => {
    const first = row('NODE_FAIL', 10_030, 'mine.abc')
    expect(read(row('COMPLETED', 20_000, 'mine.abc'), first)).toMatchObject({ outcome: 'completed' })
    expect(read(first, row('PENDING', 20_000, 'mine.abc'))).toBeNull()
    const tasks = [row('COMPLETED', 10_030, 'mine.abc', '20_1'), row('COMPLETED', 20_000, 'mine.abc', '20_2')]
    expect(read(row('PREEMPTED', 10_030, 'mine.abc', '20_2'), ...tasks)).toMatchObject({ outcome: 'completed' })
  })
  it('tells each of two of our jobs with one id its own', () => {
    const later = { ...job, token: 'def', orderedAt: new Date(50_000_000), acceptedAt: new Date(50_060_000) }
    const both = sacctEndings([later, job])
    const found = both.parse(printLines(both, [row('FAILED', 10_030, 'mine.abc'), row('COMPLETED', 50_030, 'mine.def')]))
    expect(found).toMatchObject([{ outcome: 'completed' }, { outcome: 'failed' }])
  })

  const lines = (...of: [id: string, submitted: number, name: string][]) => {
    const command = sacctRecords([job], 24.11)
    const rows = of.map(([JobID, Submit, JobName]) => ({ JobID, Submit: String(Submit), JobName }))
    const [found] = command.parse(printRows(command, rows))
    return found?.records.map(({ jobStep, jobName, restart }) => [jobStep, jobName, restart])
  }

  it('has the lines of our own with those of its steps, run by run', () => {
    expect(
      lines(
        ...([
          ['20', 9000, 'theirs'],
          ['20.batch', 9010, 'batch'],
          ['20.0', 9020, 'theirs']
        ] as [string, number, string][]),
        ...([
          ['20', 10_030, 'mine.abc'],
          ['20.batch', 10_040, 'batch'],
          ['20', 20_000, 'mine.abc']
        ] as [string, number, string][]),
        ...([
          ['20.batch', 20_010, 'batch'],
          ['20', 30_000, 'theirs'],
          ['20.batch', 30_010, 'batch']
        ] as [string, number, string][])
      )
    ).toEqual([
      [null, 'mine.abc', 0],
      ['batch', 'batch', 0],
      [null, 'mine.abc', 1],
      ['batch', 'batch', 1]
    ])
  })
})

describe('the lines of accounting', () => {
  it('ask each version for the names that it knows', () => {
    const fields = (version: number) => fieldsOf(sacctRecords([ours], version)).join(',')
    expect(fields(22.05)).toMatch(/,Reserved,ResvCPU,JobName$/)
    expect(fields(24.11)).toMatch(/,Planned,PlannedCPU,JobName$/)
  })
})
