import { type RayJobRequest, readClusterReference } from '../ray/ray-job.ts'

/** As much of an order as tells which Ray job goes to which cluster. */
type RayPlatforms = Readonly<
  Record<
    string,
    {
      configs: { modules: readonly string[]; venv: { name: string } }
      files: { send: readonly unknown[]; get: readonly unknown[] }
      jobs: readonly { ray?: RayJobRequest; 'ray-cluster'?: unknown; array?: string }[]
    }
  >
>

interface Complaint {
  path: (string | number)[]
  message: string
}

/** What is wrong with the places of Ray jobs: on a Ray cluster there is nothing else, and on SLURM each needs a cluster. */
export function complaintsAboutRay(platforms: RayPlatforms, rayClusters: readonly string[]): Complaint[] {
  return Object.entries(platforms).flatMap(([platform, part]) =>
    rayClusters.includes(platform) ? complaintsAboutRayPlatform(platform, part) : complaintsAboutClusters(platform, part)
  )
}

function complaintsAboutRayPlatform(platform: string, { configs, files, jobs }: RayPlatforms[string]): Complaint[] {
  const path = ['platforms', platform]
  const hasFiles = files.send.length + files.get.length > 0
  const hasConfigs = configs.modules.length > 0 || configs.venv.name !== 'None'
  return [
    ...(hasFiles ? [{ path: [...path, 'files'], message: 'a Ray cluster has no files: give the Ray job a directory' }] : []),
    ...(hasConfigs
      ? [{ path: [...path, 'configs'], message: 'a Ray cluster has no modules or venv: give the Ray job packages' }]
      : []),
    ...jobs.flatMap(({ ray }, index) => {
      if (ray === undefined)
        return [{ path: [...path, 'jobs', index], message: `${platform} is a Ray cluster: give the job ray` }]
      if (ray.cluster === undefined) return []
      return [{ path: [...path, 'jobs', index, 'ray', 'cluster'], message: `${platform} is the cluster itself: leave this out` }]
    })
  ]
}

function complaintsAboutClusters(platform: string, { jobs }: RayPlatforms[string]): Complaint[] {
  return jobs.flatMap(({ ray }, index) => {
    if (ray === undefined) return []
    const path = ['platforms', platform, 'jobs', index, 'ray', 'cluster']
    const cluster = readClusterReference(ray)
    if (cluster?.orchestration) return []
    if (cluster === null) return [{ path, message: `${platform} is no Ray cluster: name a job that starts one, as job:<index>` }]
    if (jobs[cluster.index]?.['ray-cluster'] !== undefined) return []
    return [{ path, message: `job:${cluster.index} of ${platform} starts no Ray cluster: it needs ray-cluster` }]
  })
}
