import { randomUUID } from 'node:crypto'
import type { RayServer } from '../../../test/servers/ray.ts'
import { openRayCluster } from '../src/ray/open-ray-cluster.ts'
import { createRayApi, type RayApi } from '../src/ray/ray-api.ts'
import type { RaySubmission } from '../src/ray/ray-cluster.ts'
import type { RayAccess } from '../src/ray/ray-http.ts'

/** The Jobs API of a test Ray, or what stands there instead. */
export function openTestRay({ dashboard, token }: Pick<RayServer, 'dashboard' | 'token'>, more: Partial<RayAccess> = {}): RayApi {
  return createRayApi({ name: 'the Ray cluster test', dashboard, findToken: async () => token, tokenHint: 'its token', ...more })
}

/** A Ray job of a new right that wants nothing. */
export function composeRayJob(entrypoint: string, more: Partial<RaySubmission> = {}): RaySubmission {
  const token = randomUUID().replaceAll('-', '').slice(0, 20)
  const bare = { workingDirectory: null, envVars: {}, packages: [], resources: {} }
  return { token, try: 1, submissionId: `test-${token}`, jobName: `test.${token}`, entrypoint, ...bare, ...more }
}

/** Submits to a test Ray; answers the submission id. */
export async function submitRayJob(api: RayApi, submission: RaySubmission): Promise<string> {
  const answer = await openRayCluster(api).submit(submission)
  if (answer.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`)
  return answer.slurmJobId
}
