import { RefusedError } from '@lautta/core/errors'
import type { SubmissionAnswer } from '../scheduler.ts'
import type { RayApi } from './ray-api.ts'
import type { RayCluster, RaySubmission } from './ray-cluster.ts'
import { rayLogPath } from './ray-logs.ts'

/** A Ray cluster to submit to, by its Jobs API. */
export function openRayCluster(api: RayApi): RayCluster {
  return {
    describe: () => api.describe(),
    hasPackage: (name) => api.hasPackage(name),
    putPackage: (name, zip) => api.putPackage(name, zip),
    submit: (submission) => submit(api, submission)
  }
}

async function submit(api: RayApi, submission: RaySubmission): Promise<SubmissionAnswer> {
  const { submissionId, token } = submission
  try {
    await api.submit(submission)
    return acceptedAs(submissionId)
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    // Ray refuses an id that it has; whose it is it does not say.
    const known = await api.findRayJob(submissionId)
    if (known === null) return { kind: 'refused', reason: error.message }
    if (known.token === token) return acceptedAs(submissionId)
    return { kind: 'refused', reason: `another Ray job has the submission id ${submissionId}` }
  }
}

function acceptedAs(submissionId: string): SubmissionAnswer {
  return { kind: 'accepted', slurmJobId: submissionId, outPath: rayLogPath(submissionId), errPath: null }
}
