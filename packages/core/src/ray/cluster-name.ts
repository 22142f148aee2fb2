import { type RayJobRequest, readClusterReference } from './ray-job.ts'

/** Where a Ray cluster is: it is a platform itself, or a SLURM job of an order is one. */
export interface ClusterPlace {
  platform: string
  job: { orchestration: string; index: number } | null
}

/** What a cluster is called: `<platform>`, or `<orchestration>.<platform>.<index>`. */
export function clusterName({ platform, job }: ClusterPlace): string {
  return job === null ? platform : `${job.orchestration}.${platform}.${job.index}`
}

// No platform has a dot in its name, but the id of an adopted order may have some.
const platformForm = /^[a-z0-9][a-z0-9-]*$/
const jobForm = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63})\.([a-z0-9][a-z0-9-]*)\.(0|[1-9]\d*)$/

/** The place that a name means; null when nothing could be called so. */
export function readClusterName(name: string): ClusterPlace | null {
  if (platformForm.test(name)) return { platform: name, job: null }
  const [, orchestration, platform, index] = jobForm.exec(name) ?? []
  if (orchestration === undefined || platform === undefined) return null
  return { platform, job: { orchestration, index: Number(index) } }
}

/** The cluster to which a Ray job of an order on a platform goes. */
export function clusterOfRayJob(ray: Pick<RayJobRequest, 'cluster'>, platform: string, ownId: string): ClusterPlace {
  const reference = readClusterReference(ray)
  if (reference === null) return { platform, job: null }
  return { platform, job: { orchestration: reference.orchestration ?? ownId, index: reference.index } }
}
