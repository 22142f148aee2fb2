import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { hasCode, messageOf, RefusedError } from '@lautta/core/errors'
import type { Ending } from '@lautta/core/job/job-event'
import type { Outcome } from '@lautta/core/job/outcome'
import { mapLimited } from '@lautta/core/map-limited'
import type {
  AcceptedJob,
  RecordedJob,
  RightTrace,
  Scheduler,
  Submission,
  SubmissionAnswer,
  SubmissionRight
} from '../scheduler.ts'
import { accountForLocalJob, slurmStateOf } from './account-for-local-job.ts'
import { identityOf, type LocalEnd, makeFolderOnce, readEnd, readJob, readRun, writeWhole } from './local-job.ts'
import { createLocalJobs, type LocalJobs } from './local-jobs.ts'
import { type LocalUnit, unitsOf } from './local-units.ts'
import { type LocalPlan, planLocalJob } from './plan-local-job.ts'

/** What the jobs of platform `local` get and where they lie. */
export interface LocalSchedulerOptions {
  /** One folder a job, named for its id. */
  folder: string
  /** All that a job sees of our environment. */
  environment: Readonly<Record<string, string>>
  /** Told when a job has begun or, if this process started it, ended. */
  onChange?: () => void
}

const readAtOnce = 32

/** Batch scripts as processes of this machine, at most as many at once as it has cores. */
export function createLocalScheduler({ folder, environment, onChange = () => {} }: LocalSchedulerOptions): Scheduler {
  const jobs = createLocalJobs(folder, environment, onChange)
  const rightFolder = ({ token, try: number }: SubmissionRight) => join(folder, '.lautta', token, String(number))
  const readRight = async (right: SubmissionRight): Promise<RightTrace> => {
    if (await takeRight(rightFolder(right))) return { kind: 'closed' }
    for (const id of await jobs.ids()) {
      if ((await readJob(jobs.folderOf(id)))?.token === right.token) {
        return { kind: 'found', others: [], ...(await describe(jobs, id)) }
      }
    }
    return { kind: 'taken', hasAnswered: false }
  }
  return {
    // The answer of a call into the same process is not lost; only our own end can come between.
    lookTimes: { submitBoundSeconds: 0, settleSeconds: 0, looks: 1 },
    awaitTurn: async () => true,
    submit: (submission) => submit(jobs, submission, rightFolder(submission), environment),
    readRight,
    async findSubmission(right) {
      const trace = await readRight(right)
      return trace.kind === 'taken' ? { kind: 'no-trace', counts: true } : trace
    },
    listJobs: () => jobs.list(),
    findEndings: (asked) => Promise.all(asked.map(({ slurmJobId }) => findEnding(jobs, slurmJobId))),
    cancel: (slurmJobId) => jobs.cancel(slurmJobId),
    // Nothing lies between the right and the job here, so no job is ever there twice.
    cancelPending: async () => {},
    hold: () => refuse('hold'),
    release: () => refuse('release'),
    requeue: () => refuse('requeue'),
    async testSubmission(submission) {
      const plan = await planOrRefuse(submission, environment)
      const isRefused = 'refused' in plan
      return {
        isAccepted: !isRefused,
        isLimitReached: false,
        words: isRefused ? plan.refused : 'the job would start as soon as a core is free'
      }
    },
    findAccounts: async () => null,
    findLimits: async () => null,
    checks: () => [],
    async collectAccounting({ slurmJobId }) {
      const job = await readJob(jobs.folderOf(slurmJobId))
      const units = job === null ? [] : unitsOf(slurmJobId, job)
      const records = (await mapLimited(units, readAtOnce, (unit) => accountFor(jobs.folderOf(unit.name), unit))).flat()
      return { records, unreadable: [] }
    }
  }
}

/** Of a task that has not begun there is no line. */
async function accountFor(own: string, { id, task, job }: LocalUnit): Promise<AccountingRecord[]> {
  const [run, end] = await Promise.all([readRun(own), readEnd(own)])
  if (task !== null && run === null) return []
  return [{ ...accountForLocalJob(id, job, run, end), arrayTask: task }]
}

async function findEnding(jobs: LocalJobs, id: string): Promise<RecordedJob> {
  const job = await readJob(jobs.folderOf(id))
  if (job === null) return undefined
  const ends = await mapLimited(unitsOf(id, job), readAtOnce, async ({ name, task }) => {
    const end = await readEnd(jobs.folderOf(name))
    return { task, ending: end === null ? null : endingOf(end) }
  })
  if (job.array !== null) {
    const tasks = new Map(ends.flatMap(({ task, ending }) => (task === null ? [] : [[task, ending] as const])))
    return { tasks, ...identityOf(job) }
  }
  const ending = ends[0]?.ending ?? null
  return ending && { ...ending, ...identityOf(job) }
}

async function refuse(verb: string): Promise<never> {
  throw new RefusedError(`platform local knows no ${verb}`)
}

async function submit(
  jobs: LocalJobs,
  submission: Submission,
  right: string,
  environment: Readonly<Record<string, string>>
): Promise<SubmissionAnswer> {
  const plan = await planOrRefuse(submission, environment)
  if ('refused' in plan) return { kind: 'refused', reason: plan.refused }
  try {
    if (!(await takeRight(right))) {
      const known = await readFile(join(right, 'id'), 'utf8').catch(() => null)
      return known === null ? { kind: 'answer-lost' } : { kind: 'accepted', ...(await describe(jobs, known)) }
    }
    const id = await jobs.makeFolder()
    const job = plan.placeJob(id, jobs.folderOf(id))
    await writeFile(job.script, submission.script, { mode: 0o700 })
    await jobs.put(id, job)
    await writeWhole(join(right, 'id'), id)
    return { kind: 'accepted', ...(await describe(jobs, id)) }
  } catch (error) {
    if (!isDiskFull(error)) throw error
    return { kind: 'disk-full', reason: messageOf(error) }
  }
}

async function planOrRefuse(submission: Submission, environment: Readonly<Record<string, string>>): Promise<LocalPlan> {
  const plan = planLocalJob(submission, environment)
  if ('refused' in plan || plan.workingDirectory === null || (await isDirectory(plan.workingDirectory))) return plan
  return { refused: `${plan.workingDirectory}: no such directory on this platform` }
}

async function takeRight(folder: string): Promise<boolean> {
  await mkdir(dirname(folder), { recursive: true })
  return makeFolderOnce(folder)
}

async function describe(jobs: LocalJobs, id: string): Promise<AcceptedJob> {
  const job = await readJob(jobs.folderOf(id))
  return { slurmJobId: id, outPath: job?.outPath ?? null, errPath: job?.errPath ?? null }
}

const outcomeByWhy: Readonly<Record<LocalEnd['why'], Outcome>> = {
  exit: 'failed',
  timeout: 'timed-out',
  cancelled: 'cancelled',
  lost: 'node-failed'
}

function endingOf(end: LocalEnd): Ending {
  const { why, exitCode, signal, startedAt, endedAt } = end
  const outcome = why === 'exit' && exitCode === 0 ? 'completed' : outcomeByWhy[why]
  const words = signal !== null ? `, signal ${signal}` : exitCode !== null && exitCode > 0 ? `, exit code ${exitCode}` : ''
  return { outcome, exitCode, reason: outcome === 'completed' ? null : slurmStateOf(end) + words, startedAt, endedAt }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false
  )
}

function isDiskFull(error: unknown): boolean {
  return hasCode(error, 'ENOSPC', 'EDQUOT')
}
