import { createHash, timingSafeEqual } from 'node:crypto'
import type { ConfiguredUser } from '@lautta/runtime/config'
import type { FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/** Who asks, and with which key. */
export interface Caller {
  user: string
  slug: string
  isAdmin: boolean
  keyId: string
}

/** Finds the caller of a request by its API key. */
export function createAuthenticate(users: readonly ConfiguredUser[]): (request: FastifyRequest) => Caller {
  const keys = users.map(({ name, slug, isAdmin, apiKey }) => {
    const hash = hashKey(apiKey)
    return { hash, caller: { user: name, slug, isAdmin, keyId: hash.toString('hex').slice(0, 12) } }
  })
  return (request) => {
    const given = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (given === undefined)
      throw new Problem(401, 'an API key is needed', { hint: 'send the header Authorization: Bearer <key>' })
    const hash = hashKey(given)
    // Every key is compared, so that the time it takes tells nothing.
    const [found] = keys.filter((key) => timingSafeEqual(key.hash, hash))
    if (found === undefined) throw new Problem(401, 'the API key is not known')
    return found.caller
  }
}

function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
