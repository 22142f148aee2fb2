import { createHmac } from 'node:crypto'
import { StorageError } from '@lautta/core/errors'
import { z } from 'zod'
import { encodePath } from '../http/encode-path.ts'
import type { HttpClient } from '../http/http-client.ts'
import type { SignOptions } from '../object-store.ts'
import type { SwiftAccount } from './account.ts'

/** Signs addresses of objects. */
export type SignUrl = (bucket: string, path: string, options: SignOptions) => Promise<string>

const keyHeaders = ['x-account-meta-temp-url-key', 'x-account-meta-temp-url-key-2'] as const
// Meanwhile somebody may replace the account's key.
const keyLifeMs = 60_000
const infoSchema = z.object({ tempurl: z.object({ allowed_digests: z.array(z.string()).optional() }).optional() })

/**
 * Temporary URLs of Swift. Their key belongs to the account, because RGW does not know keys of buckets: the one that is
 * there is used, since other programs may have given out URLs with it; if there is none, ours is set.
 */
export function createSigner(account: SwiftAccount, http: HttpClient, signingKey: Buffer): SignUrl {
  const findDigest = remember(() => chooseDigest(account, http), Number.POSITIVE_INFINITY)
  const findKey = remember(() => takeKey(account, signingKey), keyLifeMs)

  return async (bucket, path, { method, seconds }) => {
    const [url, digest, key] = [new URL(await account.url()), await findDigest(), await findKey()]
    const expires = String(Math.ceil(Date.now() / 1000) + seconds)
    // The path is signed as it is, and escaped only where it is a URL.
    const signed = [method, expires, `${url.pathname}/${bucket}/${path}`].join('\n')
    const signature = createHmac(digest, key).update(signed).digest('hex')
    const query = new URLSearchParams({ temp_url_sig: signature, temp_url_expires: expires })
    return `${url.href}/${encodePath(bucket)}/${encodePath(path)}?${query}`
  }
}

async function takeKey(account: SwiftAccount, signingKey: Buffer): Promise<string> {
  const found = await readKey(account)
  if (found !== undefined) return found
  const own = createHmac('sha256', signingKey)
    .update(new URL(await account.url()).pathname)
    .digest('hex')
  const answer = await account.send({ method: 'POST', headers: { [keyHeaders[0]]: own } })
  await answer.body.dump()
  // Somebody may have set one at the same moment: what is there now is there for all.
  return (await readKey(account)) ?? own
}

async function readKey(account: SwiftAccount): Promise<string | undefined> {
  const answer = await account.send({ method: 'HEAD' })
  await answer.body.dump()
  return keyHeaders.map((name) => answer.headers[name]).find((key) => key !== undefined && key !== '')
}

/** The best of those that the store takes; RGW 16 takes SHA-1 only, and does not say so. */
async function chooseDigest(account: SwiftAccount, http: HttpClient): Promise<'sha256' | 'sha1'> {
  const url = new URL(await account.url())
  const answer = await http.send({ method: 'GET', url: new URL(url.pathname.replace(/\/v1\/.*$/, '/info'), url) })
  const body: unknown = await answer.body.json().catch(() => null)
  if (answer.status === 404) return 'sha1'
  const info = infoSchema.safeParse(body)
  // It is kept for good, so it has to be what the store says and not what came between.
  if (answer.status !== 200 || !info.success)
    throw new StorageError(`${account.name} does not tell what it can do: ${answer.status}`)
  return info.data.tempurl?.allowed_digests?.includes('sha256') ? 'sha256' : 'sha1'
}

/** What was found out, for a while; failures are not kept. */
function remember<Value>(find: () => Promise<Value>, lifeMs: number): () => Promise<Value> {
  let kept: { value: Promise<Value>; untilMs: number } | null = null
  return () => {
    if (kept === null || performance.now() > kept.untilMs) {
      const value = find()
      kept = { value, untilMs: performance.now() + lifeMs }
      value.catch(() => {
        kept = null
      })
    }
    return kept.value
  }
}
