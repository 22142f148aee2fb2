import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '@lautta/core/derive-key'
import { trimObjectPath } from '@lautta/core/object-path'
import type { ConfiguredUser } from '@lautta/runtime/config'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Caller } from './authenticate.ts'
import { Problem } from './problem.ts'

/** What a signed URL lets anybody do: one thing with one object of one user, until a moment. */
export interface ObjectRight {
  method: 'GET' | 'PUT'
  user: string
  target: string
  path: string
  expiresSeconds: number
}

/** The part of a signed URL that makes it one. */
export const signatureQuery = z.object({
  user: z.string().optional().describe('of a signed URL: whose object it is'),
  expires: z.string().optional().describe('of a signed URL: until when, in seconds since 1970'),
  signature: z.string().optional().describe('of a signed URL: in place of an API key')
})

/** Signs URLs of our own, for stores that have no addresses; the key is derived from the installation's master key. */
export function createObjectSignatures(masterKey: string, users: readonly ConfiguredUser[]) {
  const key = deriveKey(masterKey, 'object urls')
  const signatureOf = ({ method, user, target, path, expiresSeconds }: ObjectRight): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([method, user, target, path, expiresSeconds]))
      .digest()

  return {
    /** A URL at which the right holds; `origin` is where the API is. */
    sign(origin: string, right: ObjectRight): string {
      const { user, target, path, expiresSeconds } = right
      const signature = signatureOf(right).toString('base64url')
      const query = new URLSearchParams({ user, expires: String(expiresSeconds), signature })
      return `${origin}/v1/objects/${target}/${path.split('/').map(encodeURIComponent).join('/')}?${query}`
    },

    /** Who signed the URL of a request; null when it has no signature. */
    findSigner(request: FastifyRequest): Caller | null {
      const query = signatureQuery.safeParse(request.query).data ?? {}
      if (query.signature === undefined) return null
      const { target = '', '*': path = '' } = request.params as { target?: string; '*'?: string }
      const right: ObjectRight = {
        // Who may have the bytes may have the headers.
        method: request.method === 'PUT' ? 'PUT' : 'GET',
        ...{ user: query.user ?? '', target, path: trimObjectPath(path), expiresSeconds: Number(query.expires) }
      }
      const given = Buffer.from(query.signature, 'base64url')
      const expected = signatureOf(right)
      const signer = users.find(({ name }) => name === right.user)
      if (given.length !== expected.length || !timingSafeEqual(given, expected) || signer === undefined) {
        throw new Problem(403, `this URL is not signed for ${right.method} of this object`, { hint: newUrlHint })
      }
      if (Date.now() > right.expiresSeconds * 1000) {
        throw new Problem(403, `this URL ended at ${new Date(right.expiresSeconds * 1000).toISOString()}`, { hint: newUrlHint })
      }
      return { user: signer.name, slug: signer.slug, isAdmin: false, keyId: 'signed-url' }
    }
  }
}
export type ObjectSignatures = ReturnType<typeof createObjectSignatures>

const newUrlHint = 'have a new one signed: POST /v1/objects/<target>/<path>/sign'
