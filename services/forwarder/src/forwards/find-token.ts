import { readFile } from 'node:fs/promises'
import { messageOf, UnavailableError } from '@lautta/core/errors'
import { isRayToken } from '@lautta/core/ray/ray-token'
import type { Management } from '@lautta/object-store/management'
import type { KnownForward } from './forward-book.ts'

/** The token that the service of a forward wants of who asks it; null when it wants none. */
export type FindToken = (
  forward: Pick<KnownForward, 'user' | 'service' | 'platform' | 'orchestration' | 'index' | 'attempt'>
) => Promise<string | null>

/** A platform, as far as it is a Ray cluster of the configuration. */
interface RayPlatform {
  name: string
  ray: { tokenFile: string | null } | null
}

/** Of Ray's services the dashboard, which is the Jobs API too, wants a token: the job's own, or that of the configuration. */
export function createFindToken({ rayTokenOf }: Pick<Management, 'rayTokenOf'>, platforms: readonly RayPlatform[]): FindToken {
  return async ({ user, platform, orchestration, index, service, attempt }) => {
    if (service !== 'dashboard') return null
    if (orchestration !== null && index !== null && attempt !== null)
      return rayTokenOf(user, { id: orchestration, platform, index, attempt })
    const tokenFile = platforms.find(({ name }) => name === platform)?.ray?.tokenFile ?? null
    return tokenFile === null ? null : readToken(platform, tokenFile)
  }
}

async function readToken(platform: string, path: string): Promise<string> {
  const token = await readFile(path, 'utf8').then(
    (text) => text.trim(),
    (cause) => {
      throw new UnavailableError(`the token of the Ray cluster ${platform} can not be read: ${messageOf(cause)}`, { cause })
    }
  )
  if (!isRayToken(token))
    throw new UnavailableError(`the token of the Ray cluster ${platform} is none: it is empty, or has blanks in it`)
  return token
}
