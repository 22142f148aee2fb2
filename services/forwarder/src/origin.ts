import type { FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

const plainHost = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

/**
 * The address by which a client reached us, to make URLs for that client. Host and X-Forwarded-Proto are the client's
 * own words, or its proxy's: a false one deceives nobody else, as long as the answer goes to who asked.
 */
export function originOf({ headers, protocol, host }: FastifyRequest): string {
  if (!plainHost.test(host)) throw new Problem(400, 'the header Host names no host')
  return `${headers['x-forwarded-proto'] === 'https' ? 'https' : protocol}://${host}`
}
