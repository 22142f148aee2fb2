import { keyedBase32 } from '../ids.ts'
import type { Run } from '../object-names.ts'

const tokenLength = 20
const nameLength = 40

/**
 * What is unique to one attempt of one job: by it the job is found again on the platform. The key is that of the
 * installation, so that no other Lautta takes the job for its own, and nobody can guess the token.
 */
export function jobToken(key: Buffer, user: string, { id, platform, index, attempt }: Run): string {
  return keyedBase32(key, ['job', user, id, platform, String(index), String(attempt)], tokenLength)
}

/** The user's own name for a job, with nothing in it that a scheduler's listing or a file name would trip over. */
export function cleanJobName(name: string): string {
  return name.replace(/[^A-Za-z0-9._+=@-]+/g, '_').slice(0, nameLength) || 'job'
}

/** The job's name on the platform: what the user calls it, and the token. */
export function nameWithToken(name: string, token: string): string {
  return `${cleanJobName(name)}.${token}`
}

/** The user's part of a name on the platform; any other name as it is. */
export function nameWithoutToken(jobName: string, token: string): string {
  return jobName.endsWith(`.${token}`) ? jobName.slice(0, -token.length - 1) : jobName
}
