import { isFinished, type Job } from '../job/job.ts'
import type { NeedsStand } from '../job/job-event.ts'
import { type ClusterReference, readClusterReference } from '../ray/ray-job.ts'
import { isJobOver, type KnownOrder, partOf } from './known-order.ts'
import { type Need, nameOfJob, readNeed } from './needs.ts'
import { type ClusterJob, standOfCluster } from './stand-of-cluster.ts'

/** Whether a job may begin, by the needs of the version of its request by which it goes. */
export function standOfNeeds(known: KnownOrder, platform: string, job: Job): NeedsStand {
  const { needs = [], ray } = partOf(known, platform, job)?.jobs[job.index] ?? {}
  const cluster = ray === undefined ? null : readClusterReference(ray)
  const stands = needs.map((written) => standOfNeed(known, readNeed(written, platform)))
  if (cluster !== null)
    stands.push(standOfCluster(describeReference(platform, cluster), findClusterJob(known, platform, cluster)))
  const notMet = stands.find(({ kind }) => kind === 'not-met')
  return notMet ?? stands.find(({ kind }) => kind === 'waiting') ?? { kind: 'met' }
}

/** The job that starts a cluster, as far as it is known. */
export function findClusterJob(
  known: Pick<KnownOrder, 'request' | 'earlier' | 'orders' | 'statuses' | 'otherClusters'>,
  platform: string,
  { orchestration, index }: ClusterReference
): ClusterJob | undefined {
  if (orchestration !== null) return known.otherClusters?.get(orchestration)?.[index]
  const job = known.statuses.get(platform)?.jobs[index]
  return job && { job, isOver: isJobOver(known, { platform, job }) }
}

function describeReference(platform: string, { orchestration, index }: ClusterReference): string {
  return orchestration === null ? nameOfJob({ platform, index }) : `job:${index} of ${orchestration}`
}

/** A need has ended only when its job has, and no newer start of that one stands. */
function standOfNeed(known: KnownOrder, { platform, index, outcomes }: Need): NeedsStand {
  const name = nameOfJob({ platform, index })
  const job = known.statuses.get(platform)?.jobs[index]
  if (job === undefined || job.state.kind === 'declared') return { kind: 'waiting', words: `${name} has not begun` }
  if (!isFinished(job)) return { kind: 'waiting', words: `${name} is ${job.state.kind}${describeWaiting(job)}` }
  const { outcome, reason } = job.state
  const isAgain = !isJobOver(known, { platform, job }) || (outcome !== 'completed' && isStartFollowing(known, platform, job))
  if (isAgain) return { kind: 'waiting', words: `${name} is to run again` }
  if (outcomes.includes(outcome)) return { kind: 'met' }
  const why = reason === null ? '' : ` (${reason})`
  return { kind: 'not-met', words: `${name} ended ${outcome}${why}, and ${outcomes.join(' or ')} is needed` }
}

/** Whether a newer start follows from the request, as the one of the job that needs this one may. */
function isStartFollowing({ request }: KnownOrder, platform: string, { index, attempt }: Job): boolean {
  const starts = request.orders?.filter(({ order }) => order === 'start') ?? []
  return starts.some((one) => one.platform === platform && one.index === index && one.attempt > attempt)
}

function describeWaiting({ waiting }: Job): string {
  return waiting === null ? '' : `, waiting: ${waiting}`
}
