import { PassThrough, Readable } from 'node:stream'
import { UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import type { RemoteShell } from '@lautta/platforms/remote-shell'
import type {
  AcceptedJob,
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
  state: 'pending' | 'running' | 'completed' | 'cancelled'
}

/** A login node and its SLURM: folders of tries, and jobs. */
export interface Cluster {
  jobs: ModelJob[]
  /** By token and try: what stands in the folder. */
  folders: Map<string, { madeAtMs: number; id: string | null }>
}

const sbatchBoundMs = 60_000
const accepted = (slurmJobId: string): AcceptedJob => ({ slurmJobId, outPath: null, errPath: null })
const hasEnded = ({ state }: ModelJob) => state === 'completed' || state === 'cancelled'

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

  const submit = async ({ script, ...right }: Submission): Promise<SubmissionAnswer> => {
    await step(world)
    const earlier = known(right.token)
    if (earlier !== null) return { kind: 'accepted', ...accepted(earlier) }
    if (cluster.folders.has(folderOf(right))) return { kind: 'answer-lost' }
    const folder = { madeAtMs: world.nowMs, id: null as string | null }
    cluster.folders.set(folderOf(right), folder)
    await step(world)
    if (world.nowMs - folder.madeAtMs > sbatchBoundMs || fails(0.1)) return { kind: 'answer-lost' }
    const job: ModelJob = { id: String(cluster.jobs.length + 1), token: right.token, script, state: 'pending' }
    cluster.jobs.push(job)
    await step(world)
    // The disk may be full, or the login node may die, before the id is written.
    if (fails(0.2)) throw new UnknownOutcomeError('the connection was cut')
    folder.id = job.id
    return { kind: 'accepted', ...accepted(job.id) }
  }

  return {
    lookTimes: { submitBoundSeconds: sbatchBoundMs / 1000, settleSeconds: 10, looks: 3 },
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
    findSubmission: (right) =>
      look((): SubmissionTrace => {
        const earlier = known(right.token)
        if (earlier !== null) return { kind: 'found', ...accepted(earlier) }
        if (!cluster.folders.has(folderOf(right))) {
          cluster.folders.set(folderOf(right), { madeAtMs: world.nowMs, id: null })
          return { kind: 'closed' }
        }
        const listed = cluster.jobs.find(({ token }) => token === right.token)
        return listed === undefined ? { kind: 'no-trace', counts: !fails(0.2) } : { kind: 'found', ...accepted(listed.id) }
      }),
    listJobs: () =>
      look(
        () =>
          new Map(
            cluster.jobs
              .filter((job) => !hasEnded(job))
              .map(({ id, state }) => [
                id,
                { phase: state === 'running' ? ('running' as const) : ('pending' as const), reason: null, startedAt: null }
              ])
          )
      ),
    findEndings: (ids) =>
      look(() => {
        const found = cluster.jobs.filter(({ id }) => ids.includes(id))
        const ending = (job: ModelJob) => ({
          outcome: job.state as 'completed' | 'cancelled',
          exitCode: 0,
          reason: null,
          startedAt: null,
          endedAt: null
        })
        return new Map(found.map((job) => [job.id, hasEnded(job) ? ending(job) : null]))
      }),
    cancel: (id) =>
      look(() => {
        const job = cluster.jobs.find((one) => one.id === id)
        if (job !== undefined && !hasEnded(job)) job.state = 'cancelled'
      }),
    collectAccounting: async () => []
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
  return { start, close: async () => {} }
}
