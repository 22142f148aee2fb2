import type { Accounting } from '@lautta/core/accounting/accounting'
import { ClusterSilentError, LauttaError, messageOf, UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { withTimeout } from '../run-command.ts'
import type { Observation, RecordedEnding, RecordedJob, Scheduler, SubmissionRight, SubmittedJob } from '../scheduler.ts'
import { endWithCluster, judgeStopped, recordLeft, recordOfCluster } from './end-with-cluster.ts'
import type { LeftJobs } from './find-left-jobs.ts'
import { type RayPlace, readRayPlace, writeRayPlace } from './ray-place.ts'

const clustersAtOnce = 4
// Of a cluster in a listing: all other jobs of the platform wait for it.
const listingSeconds = 10

/** The Ray clusters inside SLURM jobs, by the jobs' ids. */
export interface ClusterSchedulers {
  /** Asks the scheduler of the Ray jobs on one cluster. UnavailableError: it does not answer. */
  ask<Answer>(cluster: string, ask: (scheduler: Scheduler) => Promise<Answer>): Promise<Answer>
  /** What a cluster saw last of its Ray jobs, also when it is gone, and why it ended. */
  findLeft(cluster: string): Promise<LeftJobs>
}

interface Placed {
  job: SubmittedJob
  place: RayPlace
}

/**
 * SLURM, with the Ray clusters that run inside its jobs: an id or a right that names one is asked of it. A cluster that
 * does not answer holds up its own Ray jobs and nothing else; when its job has ended, so have they.
 */
export function createSchedulerWithClusters(slurm: Scheduler, clusters: ClusterSchedulers): Scheduler {
  const on = clusters.ask
  const of = (id: string): RayPlace | null => readRayPlace(id)
  const onPlace = (
    id: string,
    plain: (id: string) => Promise<void>,
    placed: (scheduler: Scheduler, submissionId: string) => Promise<void>
  ): Promise<void> => {
    const place = of(id)
    if (place === null) return plain(id)
    return on(place.cluster, (scheduler) => placed(scheduler, place.submissionId)).catch((error: unknown) => {
      // All of these can be asked again.
      if (!(error instanceof UnknownOutcomeError)) throw error
      throw new ClusterSilentError(error.message, { cause: error })
    })
  }

  return {
    ...slurm,
    async readRight(right) {
      if (right.cluster === undefined) return slurm.readRight(right)
      try {
        return placeFound(right, await on(right.cluster, (scheduler) => scheduler.readRight(right)))
      } catch (error) {
        // Whether it is silent or gone is asked next.
        if (!(error instanceof UnavailableError)) throw error
        return { kind: 'taken', hasAnswered: true }
      }
    },
    async findSubmission(right, since) {
      if (right.cluster === undefined) return slurm.findSubmission(right, since)
      try {
        return placeFound(right, await on(right.cluster, (scheduler) => scheduler.findSubmission(right, since)))
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error
        // With its job every Ray job has ended, whether it was taken or not.
        if ((await slurm.listJobs()).has(right.cluster)) throw error
        return { kind: 'closed' }
      }
    },
    async listJobs(expected = []) {
      const listed = await slurm.listJobs(expected)
      const places = expected.flatMap((id) => of(id) ?? [])
      const found = await mapLimited(clustersOf(places), clustersAtOnce, (cluster) =>
        listCluster(on, cluster, places, listed.has(cluster))
      )
      return new Map([...listed, ...found.flat()])
    },
    async findEndings(jobs) {
      const placed = jobs.flatMap((job): Placed[] => {
        const place = of(job.slurmJobId)
        return place === null ? [] : [{ job, place }]
      })
      const plain = jobs.filter((job) => of(job.slurmJobId) === null)
      const [ofSlurm, ofClusters] = await Promise.all([
        plain.length === 0 ? [] : slurm.findEndings(plain),
        findEndingsOnClusters(slurm, clusters, placed)
      ])
      const said = new Map<SubmittedJob, RecordedJob>([...plain.map((job, at) => [job, ofSlurm[at]] as const), ...ofClusters])
      return jobs.map((job) => said.get(job))
    },
    cancel: (id) => onPlace(id, slurm.cancel, (one, submissionId) => one.cancel(submissionId)),
    cancelPending: (id) => onPlace(id, slurm.cancelPending, (one, submissionId) => one.cancelPending(submissionId)),
    hold: (id) => onPlace(id, slurm.hold, (one, submissionId) => one.hold(submissionId)),
    release: (id) => onPlace(id, slurm.release, (one, submissionId) => one.release(submissionId)),
    requeue: (id, token, orderId) =>
      onPlace(
        id,
        () => slurm.requeue(id, token, orderId),
        (one, submissionId) => one.requeue(submissionId, token, orderId)
      ),
    async collectAccounting(job) {
      const place = of(job.slurmJobId)
      return place === null ? slurm.collectAccounting(job) : collectOnCluster(slurm, clusters, { job, place })
    }
  }
}

const clustersOf = (places: readonly RayPlace[]): string[] => [...new Set(places.map(({ cluster }) => cluster))]

/** What was found on a cluster, by the ids by which it is known outside of it. */
function placeFound<Trace extends { kind: string }>({ cluster }: SubmissionRight, trace: Trace): Trace {
  if (cluster === undefined || trace.kind !== 'found' || !('slurmJobId' in trace)) return trace
  const { slurmJobId, outPath } = trace as Trace & { slurmJobId: string; outPath: string | null }
  return { ...trace, ...placeAccepted(cluster, { slurmJobId, outPath }) }
}

/** A Ray job that was taken on a cluster, and its log, by the ids by which they are known outside of it. */
export function placeAccepted(cluster: string, { slurmJobId, outPath }: { slurmJobId: string; outPath: string | null }) {
  const id = writeRayPlace({ cluster, submissionId: slurmJobId })
  return { slurmJobId: id, outPath: outPath === null ? null : `ray:${id}` }
}

async function listCluster(
  on: ClusterSchedulers['ask'],
  cluster: string,
  places: readonly RayPlace[],
  isListed: boolean
): Promise<[string, Observation][]> {
  try {
    const listed = await withTimeout(
      on(cluster, (scheduler) => scheduler.listJobs()),
      listingSeconds
    )
    return [...listed].map(([submissionId, seen]) => [writeRayPlace({ cluster, submissionId }), seen])
  } catch (error) {
    // Of a cluster that is gone nothing is listed: how its Ray jobs ended is to be found out.
    if (!isListed) return []
    const nothing = { phase: 'pending' as const, reason: null, startedAt: null, jobName: '', submittedAtEpoch: null }
    const here = places.filter((place) => place.cluster === cluster)
    return here.map((place) => [writeRayPlace(place), { ...nothing, unreachable: messageOf(error) }])
  }
}

async function findEndingsOnClusters(
  slurm: Scheduler,
  { ask: on, findLeft }: ClusterSchedulers,
  placed: readonly Placed[]
): Promise<[SubmittedJob, RecordedJob][]> {
  const clusters = clustersOf(placed.map(({ place }) => place))
  const found = await mapLimited(clusters, clustersAtOnce, async (cluster) => {
    const some = placed.filter(({ place }) => place.cluster === cluster)
    try {
      const asked = some.map(({ job, place }) => ({ ...job, slurmJobId: place.submissionId }))
      const said = await withTimeout(
        on(cluster, (scheduler) => scheduler.findEndings(asked)),
        listingSeconds
      )
      const ends = some.map(({ job }, at) => [job, said[at] === undefined ? forgotten(job) : said[at]] as const)
      // It may be ending itself, and has stopped them.
      const left = ends.some(([, end]) => isStopped(end)) ? await findLeft(cluster) : null
      return ends.map(([job, end]): [SubmittedJob, RecordedJob] => [
        job,
        left !== null && isStopped(end) ? judgeStopped(left, end, cluster) : end
      ])
    } catch (error) {
      if (error instanceof LauttaError && !(error instanceof UnavailableError)) throw error
      const left = await findLeft(cluster)
      const find = async ({ job }: Placed): Promise<[SubmittedJob, RecordedJob]> => [
        job,
        await endWithCluster(slurm, job, cluster, left)
      ]
      return Promise.all(some.map(find))
    }
  })
  return found.flat()
}

function isStopped(end: RecordedJob): end is RecordedEnding {
  return end !== null && end !== undefined && 'outcome' in end && end.outcome === 'cancelled'
}

/** A head keeps what it took as long as it lives: one that does not know the Ray job began anew, with its job. */
function forgotten({ token }: SubmittedJob): RecordedEnding {
  const reason = 'its Ray cluster began anew, and knows nothing of it'
  const ending = { outcome: 'node-failed' as const, exitCode: null, reason, startedAt: null, endedAt: null }
  return { ...ending, jobName: `ray.${token}`, submittedAtEpoch: null }
}

/** The Ray job's own line, with what its cluster's job has of partition, account and nodes. */
async function collectOnCluster(
  slurm: Scheduler,
  { ask, findLeft }: ClusterSchedulers,
  { job, place }: Placed
): Promise<Accounting> {
  const ofCluster = await recordOfCluster(slurm, job, place.cluster)
  const asked = { ...job, slurmJobId: place.submissionId }
  const own = await ask(place.cluster, (scheduler) => scheduler.collectAccounting(asked)).catch(async (error: unknown) => {
    if (!(error instanceof UnavailableError)) throw error
    const records = ofCluster === null ? [] : [recordLeft(job, await findLeft(place.cluster), ofCluster)]
    return { records, unreadable: [] }
  })
  const { partition = null, account = null, cluster = null, user = null, allocNodes = null, nodeList } = ofCluster ?? {}
  const shared = { jobId: job.slurmJobId, partition, account, cluster, user, allocNodes }
  const records = own.records.map((record) => ({ ...record, ...shared, nodeList: record.nodeList ?? nodeList ?? null }))
  return { ...own, records }
}
