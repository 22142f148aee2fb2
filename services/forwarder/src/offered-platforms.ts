import type { Complaint } from '@lautta/core/orchestration/complaints'
import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import type { Caller } from './authenticate.ts'
import { Problem } from './problem.ts'

/** A platform, as far as it matters for whom it is. */
export interface OfferedPlatform {
  name: string
  transport: string
}

/** Whether a platform is for this caller: what runs on the machine of Lautta itself could read everybody's keys. */
export function isOffered({ transport }: OfferedPlatform, { isAdmin }: Pick<Caller, 'isAdmin'>): boolean {
  return transport !== 'local' || isAdmin
}

/** A platform by its name; a problem when there is none for this caller. */
export function findOffered<Platform extends OfferedPlatform>(
  platforms: readonly Platform[],
  name: string,
  caller: Caller
): Platform {
  const found = platforms.find((one) => one.name === name && isOffered(one, caller))
  if (found === undefined) throw new Problem(404, `there is no platform ${name}`)
  return found
}

/** Names the platforms of a request that are not for this caller. */
export function complaintsAboutPlatforms(
  platforms: readonly OfferedPlatform[],
  request: Orchestration,
  caller: Pick<Caller, 'isAdmin'>
): Complaint[] {
  const message = 'its commands run on the machine of Lautta itself, so it is for administrators'
  return platforms
    .filter((one) => request.platforms[one.name] !== undefined && !isOffered(one, caller))
    .map(({ name }) => ({ path: `platforms.${name}`, message }))
}

/** Throws a problem when any of the body's platforms is not for this caller. */
export function refuseOthersPlatforms(platforms: readonly OfferedPlatform[], body: Orchestration, caller: Caller): void {
  const errors = complaintsAboutPlatforms(platforms, body, caller)
  if (errors.length > 0) throw new Problem(403, 'a platform is not for you', { errors })
}
