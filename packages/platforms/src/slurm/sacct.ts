import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { parseRequestedMemory, parseSlurmBytes, parseSlurmCount } from '@lautta/core/accounting/slurm-size'
import { isoFromEpoch, parseEpoch, parseSlurmDuration } from '@lautta/core/accounting/slurm-time'
import { readGpuUse } from '@lautta/core/accounting/tracked-resources'
import { UnavailableError } from '@lautta/core/errors'
import { parseTasks } from '@lautta/core/job/task-set'
import type { RemoteCommand } from '../run-command.ts'
import type { JobIdentity, RecordedEnding, RecordedJob, RecordedTasks, SubmittedJob } from '../scheduler.ts'
import { fieldDelimiter } from './field-delimiter.ts'
import { foldEndings, type TaskEnding } from './fold-endings.ts'
import { isOurRun } from './is-other-job.ts'
import { isJobId } from './job-id.ts'
import { wholeTaskLists } from './own-cluster.ts'
import { outcomeOfState, stripStateSuffix } from './slurm-state.ts'

// More than the clocks of two computers differ, time zones included.
const clockDifferenceSeconds = 24 * 60 * 60

/**
 * How the jobs ended, as far as accounting knows, in their sequence: one sacct for all of them. With all that had their
 * ids: alone, sacct would tell of the last of these.
 */
export function sacctEndings(jobs: readonly SubmittedJob[]): RemoteCommand<readonly RecordedJob[]> {
  const fields = ['JobID', 'State', 'ExitCode', 'Start', 'End', 'Submit', 'JobName']
  return sacct(fields, ['--allocations', ...selectJobs(jobs)], (rows) => {
    const byId = groupById(rows)
    return jobs.map((job) => {
      const ours = (byId.get(job.slurmJobId) ?? []).filter((row) => isOurRun(identityOf(row), job))
      const [first] = ours
      if (first === undefined) return undefined
      return job.tasks !== undefined ? { ...identityOf(first), tasks: endingsByTask(ours) } : foldEndings(lastRuns(ours))
    })
  })
}

function groupById(rows: readonly Row[]): ReadonlyMap<string, Row[]> {
  const byId = new Map<string, Row[]>()
  for (const row of rows) {
    const { jobId } = readJobId(row.JobID ?? '')
    const ofJob = byId.get(jobId) ?? []
    byId.set(jobId, ofJob)
    ofJob.push(row)
  }
  return byId
}

/** Of each task, how the last of its runs ended: a job that was requeued has several. */
function lastRuns(rows: readonly Row[]): TaskEnding[] {
  const inSequence = rows.toSorted((one, other) => (parseEpoch(one.Submit ?? '') ?? 0) - (parseEpoch(other.Submit ?? '') ?? 0))
  const last = new Map(inSequence.map((row) => [row.JobID ?? '', row]))
  return [...last].map(([taskId, row]) => ({ taskId, ending: readEnding(row) }))
}

/** How each task ended. A line like `20_[4-9]` is of all that had not begun; one of a task's own counts more. */
function endingsByTask(rows: readonly Row[]): RecordedTasks['tasks'] {
  const isList = ({ taskId }: TaskEnding) => Number(taskId.includes('['))
  const runs = lastRuns(rows).toSorted((one, other) => isList(other) - isList(one))
  return new Map(runs.flatMap(({ taskId, ending }) => tasksOf(taskId).map((task) => [task, ending] as const)))
}

function tasksOf(taskId: string): number[] {
  const [, one, rest = ''] = /^\d+_(?:(\d+)|\[([^\]%]*)(?:%\d+)?\])$/.exec(taskId) ?? []
  return one === undefined ? (parseTasks(rest) ?? []) : [Number(one)]
}

function selectJobs(jobs: readonly SubmittedJob[]): string[] {
  // One word that is no id, and sacct tells nothing of the others.
  const ids = new Set(jobs.map(({ slurmJobId }) => slurmJobId).filter(isJobId))
  // Without a beginning of the window, sacct would look through all that the database ever had of these ids.
  const since = new Date(Math.min(...jobs.map(({ orderedAt }) => orderedAt.getTime())))
  return ['--duplicates', `--jobs=${[...ids].join(',')}`, `--starttime=${startOfWindow(since)}`]
}

/** Where sacct is to begin so that it leaves out nothing since a moment, as far as clocks can tell. */
export function startOfWindow(since: Date): string {
  // A time without a zone is read in that of the cluster, which the margin covers.
  return new Date(Math.max(0, since.getTime() - clockDifferenceSeconds * 1000)).toISOString().slice(0, 19)
}

// Since Slurm 23.02 the fields Reserved and ResvCPU are called Planned and PlannedCPU; each version refuses the other's.
const plannedSince = 23.02

/** All lines of accounting of each job: itself, its steps, earlier runs if it was requeued. */
export function sacctRecords(jobs: readonly SubmittedJob[], slurmVersion: number): RemoteCommand<readonly AccountingRecord[][]> {
  const [planned = '', plannedCpu = ''] = slurmVersion >= plannedSince ? ['Planned', 'PlannedCPU'] : ['Reserved', 'ResvCPU']
  const fields = [...recordFields, planned, plannedCpu, 'JobName']
  const tasks = jobs.reduce((sum, job) => sum + (job.tasks ?? 0), 0)
  const command = sacct(fields, [...selectJobs(jobs), '--noconvert'], (rows) => {
    const byId = groupById(rows)
    return jobs.map((job) =>
      countRestarts(
        ourRows(byId.get(job.slurmJobId) ?? [], job).map((row) =>
          readRecord({ ...row, Planned: row[planned] ?? '', PlannedCPU: row[plannedCpu] ?? '' })
        )
      )
    )
  })
  return { ...command, outputLimitBytes: usualBytes + tasks * bytesOfTask, timeoutSeconds: usualSeconds + tasks / tasksInSecond }
}

// A task has three or four lines of some 150 bytes, with long names more.
const bytesOfTask = 2048
const usualBytes = 64 * 1024 * 1024
const usualSeconds = 60
const tasksInSecond = 500

/** The lines of our job, and each with the lines of its steps, which follow it. */
function ourRows(rows: readonly Row[], job: SubmittedJob): Row[] {
  let isOurs = false
  return rows.filter((row) => {
    if (readJobId(row.JobID ?? '').jobStep === null) isOurs = isOurRun(identityOf(row), job)
    return isOurs
  })
}

function countRestarts(records: readonly Omit<AccountingRecord, 'restart'>[]): AccountingRecord[] {
  const runsByTask = new Map<number | null, number>()
  return records.map((record) => {
    const runs = (runsByTask.get(record.arrayTask) ?? 0) + (record.jobStep === null ? 1 : 0)
    runsByTask.set(record.arrayTask, runs)
    return { ...record, restart: Math.max(runs - 1, 0) }
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
    'User',
    'NTasks',
    'TRESUsageInAve'
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
      ...[...wholeTaskLists, 'SLURM_TIME_FORMAT=%s', 'sacct', '--noheader', '--parsable2', `--delimiter=${fieldDelimiter}`],
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
    ...identityOf(row)
  }
}

function identityOf(row: Row): JobIdentity {
  return { jobName: row.JobName ?? '', submittedAtEpoch: parseEpoch(row.Submit ?? '') }
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
    reqMemBytes: parseRequestedMemory(row.ReqMem ?? '', count('AllocNodes'), count('AllocCPUS')),
    allocTres: text('AllocTRES'),
    aveCpuSeconds: duration('AveCPU'),
    aveCpuFreqKhz: count('AveCPUFreq'),
    aveDiskReadBytes: bytes('AveDiskRead'),
    aveDiskWriteBytes: bytes('AveDiskWrite'),
    avePages: count('AvePages'),
    aveRssBytes: bytes('AveRSS'),
    aveVmSizeBytes: bytes('AveVMSize'),
    maxRssBytes: bytes('MaxRSS'),
    taskCount: count('NTasks'),
    gpuUsePercent: readGpuUse(row.TRESUsageInAve ?? ''),
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
