import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { parseSlurmBytes, parseSlurmCount } from '@lautta/core/accounting/slurm-size'
import { isoFromEpoch, parseEpoch, parseSlurmDuration } from '@lautta/core/accounting/slurm-time'
import { UnavailableError } from '@lautta/core/errors'
import type { Ending } from '@lautta/core/job/job-event'
import type { RemoteCommand } from '../run-command.ts'
import { outcomeOfState, stripStateSuffix } from './slurm-state.ts'

// A character that no one types into a job name, in place of sacct's `|`, which many do.
const delimiter = '\x1f'

// More than the clocks of two computers differ, time zones included.
const clockDifferenceSeconds = 24 * 60 * 60

/** How the jobs ended, as far as accounting knows: one sacct for all of them, over a window from their submission on. */
export function sacctEndings(slurmJobIds: readonly string[], since: Date): RemoteCommand<ReadonlyMap<string, Ending | null>> {
  // A time without a zone is read in that of the cluster, which the margin covers.
  const start = new Date(since.getTime() - clockDifferenceSeconds * 1000).toISOString().slice(0, 19)
  return sacct(
    ['JobIDRaw', 'State', 'ExitCode', 'Start', 'End'],
    ['--allocations', `--jobs=${slurmJobIds.join(',')}`, `--starttime=${start}`],
    (rows) => new Map(rows.map((row) => [row.JobIDRaw ?? '', readEnding(row)]))
  )
}

// Since Slurm 23.02 the fields Reserved and ResvCPU are called Planned and PlannedCPU; each version refuses the other's.
const plannedSince = 23.02

/** All lines of accounting of a job: itself, its steps, earlier runs of a requeued job. */
export function sacctRecords(slurmJobId: string, slurmVersion: number): RemoteCommand<AccountingRecord[]> {
  const [planned, plannedCpu] = slurmVersion >= plannedSince ? ['Planned', 'PlannedCPU'] : ['Reserved', 'ResvCPU']
  const fields = [...recordFields, planned ?? '', plannedCpu ?? '']
  return sacct(fields, ['--duplicates', `--jobs=${slurmJobId}`, '--noconvert'], (rows) => {
    let restart = -1
    return rows.map((row) => {
      const record = readRecord({ ...row, Planned: row[planned ?? ''] ?? '', PlannedCPU: row[plannedCpu ?? ''] ?? '' })
      if (record.jobStep === null) restart++
      return { ...record, restart: Math.max(restart, 0) }
    })
  })
}

const recordFields = [
  ...['JobID', 'JobName', 'Account', 'Partition', 'ReqCPUS', 'AllocCPUS', 'ReqNodes', 'AllocNodes', 'State', 'ExitCode'],
  ...['AveCPU', 'AveCPUFreq', 'AveDiskRead', 'AveDiskWrite', 'AvePages', 'AveRSS', 'AveVMSize', 'MaxRSS', 'ConsumedEnergyRaw'],
  ...[
    'TimelimitRaw',
    'Submit',
    'Start',
    'End',
    'ElapsedRaw',
    'CPUTimeRAW',
    'TotalCPU',
    'ReqMem',
    'AllocTRES',
    'NodeList',
    'Cluster',
    'User'
  ]
]

type Row = Readonly<Record<string, string>>

function sacct<Result>(
  fields: readonly string[],
  options: readonly string[],
  read: (rows: Row[]) => Result
): RemoteCommand<Result> {
  return {
    argv: [
      ...['env', 'SLURM_TIME_FORMAT=%s', 'sacct', '--noheader', '--parsable2', `--delimiter=${delimiter}`],
      `--format=${fields.join(',')}`,
      ...options
    ],
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `sacct ended with ${exitCode}`)
      const lines = stdout.split('\n').filter((line) => line !== '')
      return read(lines.map((line) => Object.fromEntries(line.split(delimiter).map((value, at) => [fields[at] ?? '', value]))))
    }
  }
}

function readEnding(row: Row): Ending | null {
  const state = row.State ?? ''
  const outcome = outcomeOfState(state)
  if (outcome === null) return null
  const [exitCode, signal] = readExitCode(row.ExitCode)
  return {
    outcome,
    exitCode,
    reason: outcome === 'completed' ? null : describeEnding(state, exitCode, signal),
    startedAt: isoFromEpoch(parseEpoch(row.Start ?? '')),
    endedAt: isoFromEpoch(parseEpoch(row.End ?? ''))
  }
}

function describeEnding(state: string, exitCode: number | null, signal: number | null): string {
  if (signal !== null && signal > 0) return `${state}, signal ${signal}`
  return exitCode !== null && exitCode > 0 ? `${state}, exit code ${exitCode}` : state
}

function readExitCode(text: string | undefined): [number | null, number | null] {
  const [, code, signal] = /^(\d+):(\d+)$/.exec(text ?? '') ?? []
  return [code === undefined ? null : Number(code), signal === undefined ? null : Number(signal)]
}

function readRecord(row: Row): Omit<AccountingRecord, 'restart'> {
  const text = (field: string): string | null => row[field] || null
  const count = (field: string): number | null => parseSlurmCount(row[field] ?? '')
  const bytes = (field: string): number | null => parseSlurmBytes(row[field] ?? '')
  const duration = (field: string): number | null => parseSlurmDuration(row[field] ?? '')
  const epoch = (field: string): number | null => parseEpoch(row[field] ?? '')
  const [exitCode, exitSignal] = readExitCode(row.ExitCode)
  const limitMinutes = count('TimelimitRaw')
  return {
    ...readJobId(row.JobID ?? ''),
    jobName: text('JobName'),
    partition: text('Partition'),
    account: text('Account'),
    cluster: text('Cluster'),
    user: text('User'),
    nodeList: text('NodeList'),
    state: row.State === undefined ? null : stripStateSuffix(row.State),
    exitCode,
    exitSignal,
    reqCpus: count('ReqCPUS'),
    allocCpus: count('AllocCPUS'),
    reqNodes: count('ReqNodes'),
    allocNodes: count('AllocNodes'),
    reqMemBytes: bytes('ReqMem'),
    allocTres: text('AllocTRES'),
    aveCpuSeconds: duration('AveCPU'),
    aveCpuFreqKhz: count('AveCPUFreq'),
    aveDiskReadBytes: bytes('AveDiskRead'),
    aveDiskWriteBytes: bytes('AveDiskWrite'),
    avePages: count('AvePages'),
    aveRssBytes: bytes('AveRSS'),
    aveVmSizeBytes: bytes('AveVMSize'),
    maxRssBytes: bytes('MaxRSS'),
    consumedEnergyJoules: count('ConsumedEnergyRaw'),
    timeLimitSeconds: limitMinutes === null ? null : limitMinutes * 60,
    submittedAtEpoch: epoch('Submit'),
    startedAtEpoch: epoch('Start'),
    endedAtEpoch: epoch('End'),
    elapsedSeconds: count('ElapsedRaw'),
    plannedSeconds: duration('Planned'),
    plannedCpuSeconds: duration('PlannedCPU'),
    cpuTimeSeconds: count('CPUTimeRAW'),
    totalCpuSeconds: duration('TotalCPU')
  }
}

/** `20`, `20.batch`, `20_7`, `20_7.0`: base id, array task, step. A pending array's `20_[1-9]` has no one task. */
function readJobId(text: string): Pick<AccountingRecord, 'jobId' | 'jobStep' | 'arrayTask'> {
  const [, jobId, task, step] = /^(\d+)(?:_(\d+)|_\[[^\]]*\]|\+\d+)?(?:\.(.+))?$/.exec(text) ?? []
  return { jobId: jobId ?? text, arrayTask: task === undefined ? null : Number(task), jobStep: step ?? null }
}
