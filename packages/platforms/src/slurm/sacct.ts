import type { Accounting, UnreadableLine } from '@lautta/core/accounting/accounting'
import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { unitOf } from '@lautta/core/accounting/last-runs'
import { isoFromEpoch, parseEpoch } from '@lautta/core/accounting/slurm-time'
import { parseTasks } from '@lautta/core/job/task-set'
import type { RemoteCommand } from '../run-command.ts'
import type { JobIdentity, RecordedEnding, RecordedJob, RecordedTasks, SubmittedJob } from '../scheduler.ts'
import { jobIdOfLine } from './accounting-id.ts'
import { foldEndings, type TaskEnding } from './fold-endings.ts'
import { isOurRun } from './is-other-job.ts'
import { isJobId } from './job-id.ts'
import { parseExitCode, readRecord } from './read-record.ts'
import { type SacctLine, sacct } from './sacct-lines.ts'
import { outcomeOfState } from './slurm-state.ts'

// More than the clocks of two computers differ, time zones included.
const clockDifferenceSeconds = 24 * 60 * 60

/**
 * How the jobs ended, as far as accounting knows, in their sequence: one sacct for all of them. With all that had their
 * ids: alone, sacct would tell of the last of these.
 */
export function sacctEndings(jobs: readonly SubmittedJob[]): RemoteCommand<readonly RecordedJob[]> {
  const fields = ['JobID', 'State', 'ExitCode', 'Start', 'End', 'Submit', 'JobName']
  return sacct(fields, ['--allocations', ...selectJobs(jobs)], (lines, unreadable) => {
    const byId = groupById(lines)
    const mentioned = new Set(unreadable.map(({ line }) => jobIdOfLine(line)))
    return jobs.map((job) => {
      const ours = ourLines(byId.get(job.slurmJobId) ?? [], job)
      const [first] = ours
      // Of a line that can't be read we know at least that accounting has heard of the job.
      if (first === undefined) return mentioned.has(job.slurmJobId) ? null : undefined
      const endings = lastRuns(ours)
      return job.tasks !== undefined ? { ...identityOf(first), tasks: endingsByTask(endings) } : foldEndings(endings)
    })
  })
}

function groupById(lines: readonly SacctLine[]): ReadonlyMap<string, SacctLine[]> {
  const byId = new Map<string, SacctLine[]>()
  for (const line of lines) {
    const ofJob = byId.get(line.id.jobId) ?? []
    byId.set(line.id.jobId, ofJob)
    ofJob.push(line)
  }
  return byId
}

/** Of each task, how the last of its runs ended: a job that was requeued has several. */
function lastRuns(lines: readonly SacctLine[]): TaskEnding[] {
  const submitted = (line: SacctLine): number => identityOf(line).submittedAtEpoch ?? 0
  const inSequence = lines.toSorted((one, other) => submitted(one) - submitted(other))
  const last = new Map(inSequence.map((line) => [line.row.JobID ?? '', line]))
  return [...last].map(([taskId, line]) => ({ taskId, ending: readEnding(line) }))
}

/** How each task ended. A line like `20_[4-9]` is of all that had not begun; one of a task's own counts more. */
function endingsByTask(endings: readonly TaskEnding[]): RecordedTasks['tasks'] {
  const isList = ({ taskId }: TaskEnding) => Number(taskId.includes('['))
  const runs = endings.toSorted((one, other) => isList(other) - isList(one))
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

/** All lines of accounting of each job: itself, its steps, earlier runs if it was requeued; and what can't be read of them. */
export function sacctRecords(jobs: readonly SubmittedJob[], slurmVersion: number): RemoteCommand<readonly Accounting[]> {
  const [planned = '', plannedCpu = ''] = slurmVersion >= plannedSince ? ['Planned', 'PlannedCPU'] : ['Reserved', 'ResvCPU']
  const fields = [...recordFields, planned, plannedCpu, 'JobName']
  const tasks = jobs.reduce((sum, job) => sum + (job.tasks ?? 0), 0)
  const command = sacct(fields, [...selectJobs(jobs), '--noconvert'], (lines, unreadable) => {
    const named = lines.map((line) => ({
      ...line,
      row: { ...line.row, Planned: line.row[planned] ?? '', PlannedCPU: line.row[plannedCpu] ?? '' }
    }))
    const byId = groupById(named)
    const asked = new Set(jobs.map(({ slurmJobId }) => slurmJobId))
    return jobs.map(({ slurmJobId, ...job }) => {
      const { records, unreadable: inPart } = accountFor(ourLines(byId.get(slurmJobId) ?? [], { slurmJobId, ...job }))
      // One that begins with no id may be of any of them.
      const isOurs = (id: string | null) => id === slurmJobId || id === null || !asked.has(id)
      return { records, unreadable: [...unreadable.filter(({ line }) => isOurs(jobIdOfLine(line))), ...inPart] }
    })
  })
  return { ...command, outputLimitBytes: usualBytes + tasks * bytesOfTask, timeoutSeconds: usualSeconds + tasks / tasksInSecond }
}

// A task has three or four lines of some 400 bytes, with long names more.
const bytesOfTask = 4096
const usualBytes = 64 * 1024 * 1024
const usualSeconds = 60
const tasksInSecond = 500

/**
 * The lines of our job, and each with the lines of its steps, which follow it; steps of no line may be ours as well. The components of a heterogeneous job are
 * submitted together; the script names all but the first as it likes.
 */
function ourLines(lines: readonly SacctLine[], job: SubmittedJob): SacctLine[] {
  const isOurJob = (line: SacctLine): boolean => isOurRun(identityOf(line), job)
  const firsts = lines.filter((line) => line.id.hetComponent === 0 && line.id.jobStep === null && isOurJob(line))
  const together = new Set(firsts.map(({ row }) => row.Submit))
  let isOurs = true
  return lines.filter((line) => {
    if (line.id.jobStep === null) isOurs = isOurJob(line) || (Boolean(line.id.hetComponent) && together.has(line.row.Submit))
    return isOurs
  })
}

function accountFor(lines: readonly SacctLine[]): Accounting {
  const runsByUnit = new Map<string, number>()
  const records: AccountingRecord[] = []
  const unreadable: UnreadableLine[] = []
  for (const line of lines) {
    const { record, complaints } = readRecord(line)
    if (complaints.length > 0) unreadable.push({ line: line.text, reason: complaints.join('; ') })
    const unit = unitOf(record)
    const runs = (runsByUnit.get(unit) ?? 0) + (record.jobStep === null ? 1 : 0)
    runsByUnit.set(unit, runs)
    records.push({ ...record, restart: Math.max(runs - 1, 0) })
  }
  return { records, unreadable }
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

function readEnding(line: SacctLine): RecordedEnding | null {
  const { row } = line
  const state = row.State ?? ''
  const outcome = outcomeOfState(state)
  if (outcome === null) return null
  const [exitCode, signal] = parseExitCode(row.ExitCode ?? '') ?? [null, null]
  return {
    outcome,
    exitCode,
    reason: outcome === 'completed' ? null : describeEnding(state, exitCode, signal),
    startedAt: isoFromEpoch(parseEpoch(row.Start ?? '')),
    endedAt: isoFromEpoch(parseEpoch(row.End ?? '')),
    ...identityOf(line)
  }
}

function identityOf({ row }: SacctLine): JobIdentity {
  return { jobName: row.JobName ?? '', submittedAtEpoch: parseEpoch(row.Submit ?? '') }
}

function describeEnding(state: string, exitCode: number | null, signal: number | null): string {
  if (signal !== null && signal > 0) return `${state}, signal ${signal}`
  return exitCode !== null && exitCode > 0 ? `${state}, exit code ${exitCode}` : state
}
