import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import type { Caller } from './authenticate.ts'
import { Problem } from './problem.ts'

interface OfferedPlatform {
  name: string
  transport: string
}

/** Whether a platform is for this caller: what runs on the machine of Lautta itself could read everybody's keys. */
export function isOffered({ transport }: OfferedPlatform, { isAdmin }: Caller): boolean {
  return transport !== 'local' || isAdmin
}

/** Throws a problem that names the platforms of the body that are not for this caller. */
export function refuseOthersPlatforms(platforms: readonly OfferedPlatform[], body: Orchestration, caller: Caller): void {
  const refused = platforms.filter((one) => body.platforms[one.name] !== undefined && !isOffered(one, caller))
  if (refused.length === 0) return
  const message = 'its commands run on the machine of Lautta itself, so it is for administrators'
  throw new Problem(403, 'a platform is not for you', {
    errors: refused.map(({ name }) => ({ path: `platforms.${name}`, message }))
  })
}
