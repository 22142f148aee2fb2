import { PassThrough, Readable } from 'node:stream'
import { RefusedError, UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import type { RemoteShell } from '@lautta/platforms/remote-shell'
import type {
  AcceptedJob,
  RightTrace,
  Scheduler,
  Submission,
  SubmissionAnswer,
  SubmissionRight,
  SubmissionTrace
} from '@lautta/platforms/scheduler'
import { ask, type Process, step, type World } from './world.ts'

interface ModelJob {
  id: string
  token: string
  script: string
  state: 'pending' | 'running' | 'completed' | 'failed' | 'cancelled'
  isHeld: boolean
  restarts: number
}

interface Folder {
  madeAtMs: number
  id: string | null
  isRefused: boolean
}

/** A login node and its SLURM: folders of tries, and jobs. */
export interface Cluster {
  jobs: ModelJob[]
  /** By token and try: what stands in the folder. */
  folders: Map<string, Folder>
  /** By token and order: how often the job had been requeued when the order came. */
  marks: Map<string, number>
  /** How many jobs may be there at once. */
  mostJobs: number
}

const sbatchBoundMs = 60_000
const accepted = (slurmJobId: string): AcceptedJob => ({ slurmJobId, outPath: null, errPath: null })
const identityOf = ({ token }: ModelJob) => ({ jobName: `model.${token}`, submittedAtEpoch: null })

/** Whether a job is over. */
export const hasEnded = ({ state }: ModelJob) => state === 'completed' || state === 'failed' || state === 'cancelled'

/**
 * SLURM as one process reaches it. Submitting goes as the script on the login node does: take the folder, call sbatch,
 * which is ended after a minute, write the id, answer; any of the answers may be lost.
 */
export function createModelScheduler(world: World, cluster: Cluster, process: Process): Scheduler {
  const folderOf = ({ token, try: number }: SubmissionRight) => `${token}/${number}`
  const known = (token: string): string | null =>
    [...cluster.folders].find(([key, { id }]) => key.startsWith(`${token}/`) && id !== null)?.[1].id ?? null
  const fails = (probability: number) => !world.isCalm && world.random.isTrue(probability)
  const look = <Result>(answer: () => Result): Promise<Result> =>
    ask(world, process, async () => {
      await step(world)
      if (fails(0.1)) throw new UnavailableError('the connection was cut')
      return answer()
    })

  const limitReached: SubmissionAnswer = { kind: 'limit-reached', reason: 'AssocMaxSubmitJobLimit' }
  const submit = async ({ script, options, ...right }: Submission): Promise<SubmissionAnswer> => {
    await step(world)
    const earlier = known(right.token)
    if (earlier !== null) return { kind: 'accepted', ...accepted(earlier) }
    const taken = cluster.folders.get(folderOf(right))
    if (taken !== undefined) return taken.isRefused ? limitReached : { kind: 'answer-lost' }
    const folder: Folder = { madeAtMs: world.nowMs, id: null, isRefused: false }
    cluster.folders.set(folderOf(right), folder)
    await step(world)
    if (world.nowMs - folder.madeAtMs > sbatchBoundMs || fails(0.1)) return { kind: 'answer-lost' }
    folder.isRefused = cluster.jobs.filter((one) => !hasEnded(one)).length >= cluster.mostJobs
    if (folder.isRefused) return limitReached
    const id = String(cluster.jobs.length + 1)
    const job: ModelJob = { id, token: right.token, script, state: 'pending', isHeld: options.hold === true, restarts: 0 }
    cluster.jobs.push(job)
    await step(world)
    // The disk may be full, or the login node may die, before the id is written.
    if (fails(0.2)) throw new UnknownOutcomeError('the connection was cut')
    folder.id = job.id
    return { kind: 'accepted', ...accepted(job.id) }
  }

  const readRight = (right: SubmissionRight): RightTrace => {
    const earlier = known(right.token)
    if (earlier !== null) return { kind: 'found', others: [], ...accepted(earlier) }
    const folder = cluster.folders.get(folderOf(right))
    if (folder !== undefined) return { kind: 'taken', hasAnswered: folder.isRefused }
    cluster.folders.set(folderOf(right), { madeAtMs: world.nowMs, id: null, isRefused: false })
    return { kind: 'closed' }
  }

  const find = (id: string): ModelJob => {
    const job = cluster.jobs.find((one) => one.id === id)
    if (job === undefined || hasEnded(job)) throw new RefusedError('Job has already finished')
    return job
  }
  /** What is done may be done although its answer is lost; also in a calm world, where most of it happens. */
  const control = (id: string, change: (job: ModelJob) => void): Promise<void> =>
    ask(world, process, async () => {
      await step(world)
      if (fails(0.1)) throw new UnavailableError('the connection was cut')
      change(find(id))
      if (world.random.isTrue(0.3)) throw new UnavailableError('the answer was lost')
    })

  return {
    lookTimes: { submitBoundSeconds: sbatchBoundMs / 1000, settleSeconds: 10, looks: 3 },
    awaitTurn: async () => true,
    submit: (submission) =>
      ask(world, process, async () => {
        if (fails(0.05)) throw new UnavailableError('no connection')
        // A module that does not load, or a folder that is gone: told without a look at the right.
        if (fails(0.05)) return { kind: 'refused', reason: 'no such folder' }
        const submitting = submit(submission)
        // The connection is cut, and the script on the login node goes on; or its answer is lost on the way.
        submitting.catch(() => {})
        if (fails(0.3)) throw new UnknownOutcomeError('the connection was cut')
        const answer = await submitting
        if (fails(0.15)) throw new UnknownOutcomeError('the answer was lost')
        return answer
      }),
    readRight: (right) => look(() => readRight(right)),
    findSubmission: (right) =>
      look((): SubmissionTrace => {
        const trace = readRight(right)
        if (trace.kind !== 'taken') return trace
        const [listed, ...others] = cluster.jobs.filter(({ token }) => token === right.token).map(({ id }) => id)
        if (listed !== undefined) return { kind: 'found', others, ...accepted(listed) }
        return trace.hasAnswered ? { kind: 'closed' } : { kind: 'no-trace', counts: !fails(0.2) }
      }),
    listJobs: () =>
      look(() => {
        const listed = cluster.jobs.filter((job) => !hasEnded(job))
        const phaseOf = ({ state }: ModelJob) => (state === 'running' ? ('running' as const) : ('pending' as const))
        return new Map(listed.map((job) => [job.id, { ...identityOf(job), phase: phaseOf(job), reason: null, startedAt: null }]))
      }),
    findEndings: (asked) =>
      look(() =>
        asked.map(({ slurmJobId }) => {
          const job = cluster.jobs.find(({ id }) => id === slurmJobId)
          if (job === undefined) return undefined
          if (!hasEnded(job)) return null
          const outcome = job.state as 'completed' | 'failed' | 'cancelled'
          return { ...identityOf(job), outcome, exitCode: 0, reason: null, startedAt: null, endedAt: null }
        })
      ),
    cancel: (id) =>
      look(() => {
        const job = cluster.jobs.find((one) => one.id === id)
        if (job !== undefined && !hasEnded(job)) job.state = 'cancelled'
      }),
    cancelPending: (id) =>
      look(() => {
        const job = cluster.jobs.find((one) => one.id === id)
        if (job?.state === 'pending') job.state = 'cancelled'
      }),
    hold: (id) => control(id, (job) => (job.isHeld = true)),
    release: (id) => control(id, (job) => (job.isHeld = false)),
    requeue: (id, token, orderId) =>
      control(id, (job) => {
        const mark = `${token}/${orderId}`
        const marked = cluster.marks.get(mark) ?? job.restarts
        cluster.marks.set(mark, marked)
        if (job.restarts !== marked) return
        job.restarts++
        job.state = 'pending'
      }),
    testSubmission: async () => ({ isAccepted: true, isLimitReached: false, words: '' }),
    findAccounts: async () => null,
    findLimits: async () => null,
    checks: () => [],
    collectAccounting: async () => ({ records: [], unreadable: [] })
  }
}

/** A login node where every command succeeds and prints nothing, when it can be reached. */
export function createModelShell(world: World, process: Process): RemoteShell {
  const start: RemoteShell['start'] = () =>
    ask(world, process, async () => {
      await step(world)
      if (!world.isCalm && world.random.isTrue(0.1)) throw new UnavailableError('no connection')
      const nothing = { stdin: new PassThrough(), stdout: Readable.from([]), stderr: Readable.from([]) }
      return { ...nothing, ended: Promise.resolve(0), abandon: () => {} }
    })
  const dial = async () => {
    throw new UnavailableError('nobody listens')
  }
  return { start, dial, isOpen: () => false, close: async () => {} }
}
