import type { Question } from '@lautta/core/messages'
import type { JobRequest } from '@lautta/core/orchestration/dictionary'

type AskedJob = Extract<Question, { kind: 'dry-run' }>['jobs'][number]

// What a platform is asked in half a minute, and what stands in the queue meanwhile.
const mostJobs = 200
const mostTextBytes = 1024 * 1024

/** The jobs about which a dry run asks, as sbatch is asked, and one sentence about those that are too many. */
export function chooseJobs(requests: readonly JobRequest[]): { jobs: AskedJob[]; leftOut: string | null } {
  const jobs: AskedJob[] = []
  let leftBytes = mostTextBytes
  for (const [index, request] of requests.entries()) {
    if (jobs.length === mostJobs) break
    const job = askedJob(index, request)
    const textBytes = Buffer.byteLength(JSON.stringify(job))
    if (textBytes > leftBytes) continue
    leftBytes -= textBytes
    jobs.push(job)
  }
  const leftOut = `asked about ${jobs.length} of ${requests.length} jobs: a dry run takes ${mostJobs} jobs and 1 MiB of scripts for each platform`
  return { jobs, leftOut: jobs.length < requests.length ? leftOut : null }
}

function askedJob(index: number, { path, script, ray, 'ray-cluster': cluster, name, array, options }: JobRequest): AskedJob {
  return {
    ...{ index, path },
    ...(ray === undefined ? {} : { ray: true }),
    ...(cluster === undefined ? {} : { 'ray-cluster': cluster }),
    ...(script === undefined ? {} : { script }),
    ...(name === undefined ? {} : { name }),
    ...(array === undefined ? {} : { array }),
    ...(options === undefined ? {} : { options: withoutValues(options) })
  }
}

/** `export` may hold the values of variables; sbatch takes it abbreviated as well. */
function withoutValues(options: NonNullable<JobRequest['options']>): NonNullable<JobRequest['options']> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !'export'.startsWith(name)))
}
