import { z } from 'zod'

const nameKey = 'job_name'
const tokenKey = 'lautta-token'

const detailsSchema = z.object({
  type: z.string(),
  submission_id: z.string().nullish(),
  status: z.string(),
  message: z.string().nullish(),
  error_type: z.string().nullish(),
  start_time: z.number().nullish(),
  end_time: z.number().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  driver_info: z.object({ node_ip_address: z.string() }).nullish(),
  driver_node_id: z.string().nullish(),
  driver_exit_code: z.number().nullish()
})

/** A Ray job as the Jobs API tells of it. */
export interface RayJobInfo {
  submissionId: string
  /** In Ray's words, see ray-state.ts. */
  status: string
  message: string
  errorType: string | null
  /** When the cluster took it; of a later beginning Ray tells nothing. */
  takenAtMs: number | null
  endedAtMs: number | null
  jobName: string
  /** Of one of our attempts; null: somebody else submitted it. */
  token: string | null
  /** Where its driver runs, or ran; null: it never began. */
  driverNodeId: string | null
  driverAddress: string | null
  /** Below 0: the number of a signal. */
  exitCode: number | null
}

/** One Ray job, out of Ray's JSON; null is a driver that nobody submitted. */
export function readRayJob(details: unknown): RayJobInfo | null {
  const read = detailsSchema.parse(details)
  const submissionId = read.submission_id ?? null
  if (read.type !== 'SUBMISSION' || submissionId === null) return null
  return {
    submissionId,
    status: read.status,
    message: read.message ?? '',
    errorType: read.error_type ?? null,
    takenAtMs: read.start_time ?? null,
    endedAtMs: read.end_time || null,
    jobName: read.metadata?.[nameKey] ?? submissionId,
    token: read.metadata?.[tokenKey] ?? null,
    driverNodeId: read.driver_node_id ?? null,
    driverAddress: read.driver_info?.node_ip_address ?? null,
    exitCode: read.driver_exit_code ?? null
  }
}

/** What Ray keeps with a Ray job, so that it is found again. */
export function rayMetadata(jobName: string, token: string): Record<string, string> {
  return { [nameKey]: jobName, [tokenKey]: token }
}
