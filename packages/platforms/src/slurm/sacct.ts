import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { parseSlurmBytes, parseSlurmCount } from '@lautta/core/accounting/slurm-size'
import { isoFromEpoch, parseEpoch, parseSlurmDuration } from '@lautta/core/accounting/slurm-time'
import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import type { RecordedEnding } from '../scheduler.ts'
import { fieldDelimiter } from './field-delimiter.ts'
import { foldEndings, type TaskEnding } from './fold-endings.ts'
import { isJobId } from './job-id.ts'
import { onOwnCluster } from './own-cluster.ts'
import { outcomeOfState, stripStateSuffix } from './slurm-state.ts'

// More than the clocks of two computers differ, time zones included.
const clockDifferenceSeconds = 24 * 60 * 60

/** How the jobs ended, as far as accounting knows: one sacct for all of them, over a window from their submission on. */
export function sacctEndings(
  slurmJobIds: readonly string[],
  since: Date
): RemoteCommand<ReadonlyMap<string, RecordedEnding | null>> {
  return sacct(
    ['JobID', 'State', 'ExitCode', 'Start', 'End', 'Submit', 'JobName'],
    ['--allocations', ...selectJobs(slurmJobIds, since)],
    (rows) => {
      const tasksByJob = new Map<string, TaskEnding[]>()
      for (const row of rows) {
        const taskId = row.JobID ?? ''
        const { jobId } = readJobId(taskId)
        const tasks = tasksByJob.get(jobId) ?? []
        tasksByJob.set(jobId, tasks)
        tasks.push({ taskId, ending: readEnding(row) })
      }
      return new Map([...tasksByJob].map(([jobId, tasks]) => [jobId, foldEndings(tasks)]))
    }
  )
}

/** Without a beginning of the window, sacct would look through all that the database ever had of these ids. */
function selectJobs(slurmJobIds: readonly string[], since: Date): string[] {
  // One word that is no id, and sacct tells nothing of the others.
  return [`--jobs=${slurmJobIds.filter(isJobId).join(',')}`, `--starttime=${startOfWindow(since)}`]
}

/** Where sacct is to begin so that it leaves out nothing since a moment, as far as clocks can tell. */
export function startOfWindow(since: Date): string {
  // A time without a zone is read in that of the cluster, which the margin covers.
  return new Date(Math.max(0, since.getTime() - clockDifferenceSeconds * 1000)).toISOString().slice(0, 19)
}

// Since Slurm 23.02 the fields Reserved and ResvCPU are called Planned and PlannedCPU; each version refuses the other's.
const plannedSince = 23.02

/** All lines of accounting of jobs, by the job's id: themselves, their steps, earlier runs of a requeued job. */
export function sacctRecords(
  slurmJobIds: readonly string[],
  since: Date,
  slurmVersion: number
): RemoteCommand<ReadonlyMap<string, AccountingRecord[]>> {
  const [planned, plannedCpu] = slurmVersion >= plannedSince ? ['Planned', 'PlannedCPU'] : ['Reserved', 'ResvCPU']
  const fields = [...recordFields, planned ?? '', plannedCpu ?? '', 'JobName']
  return sacct(fields, ['--duplicates', ...selectJobs(slurmJobIds, since), '--noconvert'], (rows) => {
    const byJob = new Map<string, AccountingRecord[]>()
    for (const row of rows) {
      const record = readRecord({ ...row, Planned: row[planned ?? ''] ?? '', PlannedCPU: row[plannedCpu ?? ''] ?? '' })
      const records = byJob.get(record.jobId) ?? []
      byJob.set(record.jobId, records)
      const runs = records.filter(({ jobStep, arrayTask }) => jobStep === null && arrayTask === record.arrayTask).length
      records.push({ ...record, restart: Math.max(record.jobStep === null ? runs : runs - 1, 0) })
    }
    return byJob
  })
}

const recordFields = [
  ...['JobID', 'Account', 'Partition', 'ReqCPUS', 'AllocCPUS', 'ReqNodes', 'AllocNodes', 'State', 'ExitCode'],
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

/** One sacct. A name may have a newline in it, so it has to be the last of the fields. */
function sacct<Result>(
  fields: readonly string[],
  options: readonly string[],
  read: (rows: Row[]) => Result
): RemoteCommand<Result> {
  return {
    argv: [
      ...[...onOwnCluster, 'SLURM_TIME_FORMAT=%s', 'sacct', '--noheader', '--parsable2', `--delimiter=${fieldDelimiter}`],
      `--format=${fields.join(',')}`,
      ...options
    ],
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `sacct ended with ${exitCode}`)
      const lines = stdout.split('\n').map((line) => line.split(fieldDelimiter))
      // Lines with less are the rest of such a name.
      const rows = lines.filter(({ length }) => length >= fields.length)
      return read(rows.map((row) => Object.fromEntries(fields.map((field, at) => [field, row[at] ?? '']))))
    }
  }
}

function readEnding(row: Row): RecordedEnding | null {
  const state = row.State ?? ''
  const outcome = outcomeOfState(state)
  if (outcome === null) return null
  const [exitCode, signal] = readExitCode(row.ExitCode)
  return {
    outcome,
    exitCode,
    reason: outcome === 'completed' ? null : describeEnding(state, exitCode, signal),
    startedAt: isoFromEpoch(parseEpoch(row.Start ?? '')),
    endedAt: isoFromEpoch(parseEpoch(row.End ?? '')),
    jobName: row.JobName ?? '',
    submittedAtEpoch: parseEpoch(row.Submit ?? '')
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
