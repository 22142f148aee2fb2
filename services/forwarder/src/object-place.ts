import { complaintAboutPath, trimObjectPath } from '@lautta/core/object-path'
import type { Management } from '@lautta/object-store/management'
import { z } from 'zod'
import type { Caller } from './authenticate.ts'
import { Problem } from './problem.ts'

/** The caller's own buckets, as the API names them. */
export const objectTargets = ['pipeline', 'experiment', 'submitter'] as const

const writable: readonly string[] = ['pipeline', 'experiment']

/** Which of the caller's own buckets. */
export const targetParams = z.object({
  target: z.enum(objectTargets).describe('pipeline and experiment to read and write, submitter to read')
})

/** An object in one of them. */
export const objectParams = targetParams.extend({ '*': z.string().describe("the object's path, with its slashes") })
export type ObjectParams = z.output<typeof objectParams>

/** Where an object lies that the caller may read or write. */
export function findPlace(
  management: Management,
  { user }: Pick<Caller, 'user'>,
  { target, '*': given }: ObjectParams,
  purpose: 'read' | 'write'
): { bucket: string; path: string } {
  if (purpose === 'write' && !writable.includes(target)) {
    throw new Problem(403, `${target} is written by Lautta itself`, { hint: `write to ${writable.join(' or ')}` })
  }
  const path = trimObjectPath(given)
  const complaint = complaintAboutPath(path)
  if (complaint !== null) throw new Problem(400, complaint, { errors: [{ path: 'path', message: complaint }] })
  return { bucket: management.bucketOf(user, target), path }
}
