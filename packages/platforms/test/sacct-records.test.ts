import type { Accounting } from '@lautta/core/accounting/accounting'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SubmittedJob } from '../src/scheduler.ts'
import { sacctRecords } from '../src/slurm/sacct.ts'
import { nastyText } from './nasty-text.ts'
import { fieldsOf, printLines, printRows } from './print-sacct.ts'
import { sampleRows } from './sacct-samples.ts'

const job = (slurmJobId: string): SubmittedJob => ({ slurmJobId, token: 'abc', orderedAt: new Date(0), acceptedAt: null })
const base = (row: Record<string, string>) => row.JobID?.match(/^\d+/)?.[0] ?? ''
type Row = Record<string, string>

/** What is read of rows that were printed for so many jobs. */
function read(rows: readonly Row[], ids = ['20'], version = 24.11): readonly Accounting[] {
  const command = sacctRecords(ids.map(job), version)
  return command.parse(printRows(command, rows))
}
const readOne = (...rows: Row[]): Accounting => read(rows)[0] ?? { records: [], unreadable: [] }
const id = { JobID: '20', Submit: '100' }

describe('what real SLURMs printed', () => {
  const told = (release: '22.05' | '24.11') => {
    const rows = sampleRows(release)
    const ids = [...new Set(rows.map(base))]
    const all = read(rows, ids, Number(release))
    expect(all.flatMap(({ unreadable }) => unreadable)).toEqual([])
    expect(all.flatMap(({ records }) => records)).toHaveLength(rows.length)
    return (jobId: string, jobStep: string | null = null) =>
      all.flatMap(({ records }) => records).find((one) => one.jobId === jobId && one.jobStep === jobStep)
  }
  it('by 22.05 is read, each line and field of it', () => {
    const of = told('22.05')
    expect(of('2')).toMatchObject({
      ...{ jobName: 'success', account: 'project_2001234', partition: 'small', state: 'COMPLETED', timeLimitSeconds: 300 },
      ...{ submittedAtEpoch: 1_795_175_282, startedAtEpoch: 1_795_175_282, endedAtEpoch: 1_795_175_289, elapsedSeconds: 7 },
      ...{ plannedSeconds: 0, plannedCpuSeconds: 0, cpuTimeSeconds: 7, totalCpuSeconds: 3.797, aveCpuFreqKhz: null }
    })
    expect(of('2', '1')).toMatchObject({
      ...{ jobName: 'python3', partition: null, aveCpuSeconds: 3, aveCpuFreqKhz: 2220 },
      ...{ aveDiskReadBytes: 41_943, aveDiskWriteBytes: 0, plannedSeconds: null, timeLimitSeconds: null }
    })
    expect(of('5')).toMatchObject({ state: 'CANCELLED', totalCpuSeconds: 0.002 })
    expect(of('6', '0')).toMatchObject({ state: 'CANCELLED', aveCpuFreqKhz: 0 })
    expect(of('8')).toMatchObject({ state: 'PENDING', startedAtEpoch: null, endedAtEpoch: null, plannedSeconds: null })
    expect(of('29')).toMatchObject({ arrayTask: null, timeLimitSeconds: null, startedAtEpoch: null })
    expect(of('20')).toMatchObject({ arrayTask: 7, state: 'FAILED', timeLimitSeconds: null })
    expect(of('20', 'batch')).toMatchObject({ arrayTask: 7 })
  })
  it('by 24.11 is read, each line and field of it', () => {
    const of = told('24.11')
    expect(of('611')).toMatchObject({ allocCpus: 8, reqCpus: 2, plannedSeconds: 79, plannedCpuSeconds: 158, elapsedSeconds: 0 })
    expect(of('606')).toMatchObject({ state: 'TIMEOUT', elapsedSeconds: 79, timeLimitSeconds: 60 })
    expect(of('610')).toMatchObject({ allocCpus: 0, plannedSeconds: null, plannedCpuSeconds: null, endedAtEpoch: null })
    expect(of('619', 'batch')).toMatchObject({ arrayTask: 8 })
    expect(of('628')).toMatchObject({ arrayTask: null, state: 'PENDING' })
  })
})

describe('a line with a field that nobody can read', () => {
  it.each([
    ['AveDiskRead', '12Q', 'aveDiskReadBytes'],
    ['Planned', '1-aa', 'plannedSeconds'],
    ['ReqMem', '16?', 'reqMemBytes'],
    ['MaxRSS', '99999999999P', 'maxRssBytes'],
    ['End', '2026-11-20T11:48:02', 'endedAtEpoch'],
    ['ExitCode', '1', 'exitCode'],
    ['AllocNodes', '2.5.1', 'allocNodes']
  ] as const)('%s as %s stays, with nothing there, and is told of', (field, value, key) => {
    const { records, unreadable } = readOne({ ...id, JobName: 'mine', ElapsedRaw: '7', [field]: value })
    expect(records).toMatchObject([{ jobId: '20', jobName: 'mine', elapsedSeconds: 7, [key]: null }])
    expect(unreadable).toEqual([{ line: expect.stringContaining(`|${value}|`), reason: `${field} reads "${value}"` }])
  })
  it('names all of them', () => {
    const { unreadable } = readOne({ ...id, AveRSS: 'x', TotalCPU: 'y' })
    expect(unreadable.map(({ reason }) => reason)).toEqual(['AveRSS reads "x"; TotalCPU reads "y"'])
  })
  it.each(['', 'UNLIMITED', 'INVALID', 'Unknown', 'Partition_Limit', 'None', '18446744073709551614'])(
    'is none when all of its numbers read %j: SLURM knows nothing there',
    (word) => {
      const command = sacctRecords([job('20')], 24.11)
      const texts = ['Account', 'Partition', 'State', 'AllocTRES', 'NodeList', 'Cluster', 'User', 'JobName', 'JobID']
      const values = fieldsOf(command).map((field) => (field === 'JobID' ? '20' : texts.includes(field) ? 'x' : word))
      const [told] = command.parse(printLines(command, [values]))
      expect(told?.unreadable).toEqual([])
      const record = { ...told?.records[0] }
      expect(Object.values(record).filter((value) => value !== null)).toHaveLength(texts.length + 1)
    }
  )
})

describe('a line that is no line of accounting', () => {
  const command = sacctRecords([job('20'), job('21')], 24.11)
  const whole = (JobID: string) => fieldsOf(command).map((field) => ({ JobID, Submit: '100', JobName: 'mine' })[field] ?? '')
  it('is kept as it was printed, with its reason, for its own job, and takes no other with it', () => {
    const torn = whole('20').slice(0, 5)
    const count = whole('20').length
    const [own, other] = command.parse(printLines(command, [whole('20'), torn, ['20', ...whole('x')], whole('21')]))
    expect(own?.records).toHaveLength(1)
    expect(own?.unreadable).toMatchObject([
      { line: torn.join('|'), reason: expect.stringContaining(`it has 5 fields, and ${count} were asked for: JobID|Account`) },
      { reason: expect.stringContaining(`it has ${count + 1} fields`) }
    ])
    expect(other).toEqual({ records: [expect.objectContaining({ jobId: '21' })], unreadable: [] })
  })
  it('takes the lines of its steps not with it', () => {
    const [own] = command.parse(printLines(command, [whole('20').slice(0, 5), whole('20.batch'), whole('20.0')]))
    expect(own?.records.map(({ jobStep }) => jobStep)).toEqual(['batch', '0'])
  })
  it('is kept for each of the jobs when it may be of any', () => {
    const answers = command.parse(printLines(command, [whole('20?'), whole('none'), whole('21')]))
    expect(answers.map(({ unreadable }) => unreadable.map(({ reason }) => reason))).toEqual([
      ['JobID reads "20?", which is no id', 'JobID reads "none", which is no id'],
      ['JobID reads "none", which is no id']
    ])
  })
  it('is not what the user’s shell prints before', () => {
    const { stdout, ...rest } = printLines(command, [whole('20')])
    const [own] = command.parse({ stdout: `Welcome!\n20 jobs | 3 nodes\n\n${stdout}`, ...rest })
    expect(own).toEqual({ records: [expect.objectContaining({ jobName: 'mine' })], unreadable: [] })
  })
})

describe('the names of jobs and steps', () => {
  it('come out whole, whatever is in them, and no line is lost or made of them', () => {
    const line = fc.record({
      JobID: fc.constantFrom('20', '20.batch', '20.0', '20_3', '20_3.extern', '20+1', '20_[4-9%2]'),
      JobName: fc.oneof(nastyText, fc.constantFrom('\n', '\x1f', `20${'\x1f'.repeat(36)}`, `x\n20${'|'.repeat(36)}`, `\n21\x1f`))
    })
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) => {
        const { records, unreadable } = readOne(...lines.map((one) => ({ ...one, Submit: '100', Account: 'a' })))
        expect(unreadable).toEqual([])
        expect(records.map(({ jobName, account }) => [jobName ?? '', account])).toEqual(
          lines.map(({ JobName }) => [JobName, 'a'])
        )
      }),
      { numRuns: 500 }
    )
  })
  it('can not hold what divides the fields: it is another one each time', () => {
    const delimiters = Array.from({ length: 20 }, () =>
      sacctRecords([job('20')], 24.11).argv.find((word) => /^--delim/.test(word))
    )
    expect(new Set(delimiters).size).toBeGreaterThan(15)
  })
})

describe('a heterogeneous job', () => {
  const lines = (submit: string) =>
    ['20+0', '20+0.batch', '20+0.0', '20+1', '20+1.0'].map((JobID) => ({
      ...{ JobID, Submit: JobID.includes('.') ? '500' : submit },
      JobName: { '20+0': 'mine.abc', '20+1': 'other' }[JobID] ?? 'step'
    }))
  it('has components that are no restarts of each other, and restart together', () => {
    const { records } = readOne(...lines('100'), ...lines('9000'))
    expect(records.map(({ hetComponent, jobStep, restart }) => [hetComponent, jobStep, restart])).toEqual([
      ...[
        [0, null, 0],
        [0, 'batch', 0],
        [0, '0', 0],
        [1, null, 0],
        [1, '0', 0]
      ],
      ...[
        [0, null, 1],
        [0, 'batch', 1],
        [0, '0', 1],
        [1, null, 1],
        [1, '0', 1]
      ]
    ])
  })
  it('keeps the components that the script named otherwise, however late it was requeued', () => {
    const command = sacctRecords([{ ...job('20'), acceptedAt: new Date(200_000) }], 24.11)
    expect(command.parse(printRows(command, lines('9000')))[0]?.records).toHaveLength(5)
    const theirs = lines('9000').map((row) => ({ ...row, JobName: 'theirs' }))
    expect(command.parse(printRows(command, theirs))[0]?.records).toEqual([])
  })
})
