import { type AccountingRecord, nothingRecorded } from '@lautta/core/accounting/accounting-record'
import { RefusedError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { describeCluster } from '@lautta/core/ray/tell-cluster'
import type { FoundJob, Observation, Scheduler, SubmissionRight, SubmittedJob } from '../scheduler.ts'
import type { RayApi } from './ray-api.ts'
import { accountForRayJob, endingOfRayJob, identityOfRayJob, startOfRayJob } from './ray-ending.ts'
import type { RayJobInfo } from './ray-job-info.ts'
import { rayLogPath } from './ray-logs.ts'
import { phaseOfRayState } from './ray-state.ts'

// Each is one small question to the dashboard.
const askedAtOnce = 8

/** The Ray jobs of one cluster as jobs. They are submitted by its `RayCluster`: it takes no batch scripts. */
export function createRayScheduler(api: RayApi): Scheduler {
  /** What Ray knows of one of our Ray jobs; of another one that has its id now we know nothing. */
  const findOurs = async ({ slurmJobId, token }: SubmittedJob): Promise<RayJobInfo | null> => {
    const job = await api.findRayJob(slurmJobId)
    return job?.token === token ? job : null
  }
  return {
    // A submission that is still under way when we look comes within half a minute, or never. Of what comes twice Ray
    // takes one: both have the same submission id.
    lookTimes: { submitBoundSeconds: 30, settleSeconds: 0, looks: 1 },
    awaitTurn: async () => true,
    submit: () => refuse('takes no batch scripts'),
    async readRight(right) {
      const found = await findByToken(api, right)
      return found === null ? { kind: 'taken', hasAnswered: false } : { kind: 'found', ...found }
    },
    async findSubmission(right) {
      const found = await findByToken(api, right)
      // Nobody can take a right here; but whoever submits with it again does so under the same submission id.
      return found === null ? { kind: 'closed' } : { kind: 'found', ...found }
    },
    async listJobs() {
      const ours = (await api.listLiveRayJobs()).filter(({ token }) => token !== null)
      return new Map(ours.map((job) => [job.submissionId, observe(job)]))
    },
    findEndings: (jobs) =>
      mapLimited(jobs, askedAtOnce, async (asked) => {
        const job = await findOurs(asked)
        return job === null ? undefined : endingOfRayJob(job)
      }),
    cancel: (submissionId) => api.stop(submissionId),
    async cancelPending(submissionId) {
      const job = await api.findRayJob(submissionId)
      if (job !== null && phaseOfRayState(job.status) === 'pending') await api.stop(submissionId)
    },
    hold: () => refuse('knows no hold'),
    release: () => refuse('knows no release'),
    requeue: () => refuse('knows no requeue'),
    async testSubmission() {
      return { isAccepted: true, isLimitReached: false, words: `${describeCluster(await api.describe())} would get the Ray job` }
    },
    findAccounts: async () => null,
    findLimits: async () => null,
    checks: () => [{ step: 'ray', run: async () => describeCluster(await api.describe()) }],
    async collectAccounting(asked) {
      const job = await findOurs(asked)
      const forgotten = asked.acceptedAt === null ? [] : [accountForForgotten(asked, asked.acceptedAt)]
      return { records: job === null ? forgotten : [accountForRayJob(job)], unreadable: [] }
    }
  }
}

/** What a cluster that began anew knows of a Ray job that it took before: nothing more will come. */
function accountForForgotten({ slurmJobId, token }: SubmittedJob, acceptedAt: Date): AccountingRecord {
  const endedAtEpoch = Math.floor(acceptedAt.getTime() / 1000)
  return { ...nothingRecorded, jobId: slurmJobId, jobName: `ray.${token}`, state: 'NODE_FAIL', endedAtEpoch }
}

async function refuse(words: string): Promise<never> {
  throw new RefusedError(`a Ray cluster ${words}`)
}

/** By the token and not by the submission id, which the user may have chosen, and another user as well. */
async function findByToken(api: RayApi, { token }: SubmissionRight): Promise<FoundJob | null> {
  const [first, ...others] = (await api.listRayJobs())
    .filter((job) => job.token === token)
    .sort((a, b) => (a.takenAtMs ?? 0) - (b.takenAtMs ?? 0))
    .map(({ submissionId }) => submissionId)
  return first === undefined ? null : { slurmJobId: first, outPath: rayLogPath(first), errPath: null, others }
}

function observe(job: RayJobInfo): Observation {
  const phase = phaseOfRayState(job.status)
  return {
    phase,
    reason: phase === 'pending' ? job.message : null,
    startedAt: startOfRayJob(job),
    ...identityOfRayJob(job)
  }
}
