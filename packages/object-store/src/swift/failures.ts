import { type LauttaError, RefusedError, StorageError } from '@lautta/core/errors'
import { foreignBucketHint, quotaHint } from '../http/hints.ts'
import type { StoreAnswer } from '../http/http-client.ts'
import { readWords } from './read-words.ts'

const forbiddenHint = `${foreignBucketHint} Or the project's role may only read: ask for "member".`
const roleHint =
  'The credential is right, but its role in the project is not one that may use object storage: ask for "member", and make an application credential with it; see too that the project has object storage.'
const addressHint =
  "See that endpoint is Swift's address, such as https://a3s.fi:443/swift/v1, or leave it out: then the catalogue tells."
const goneHint = 'Somebody else may have removed the bucket in this moment: try again.'
/** What a store answers that has no time now, or that the sender was too slow for; 498 and 499 are Swift's own. */
export const busy: readonly number[] = [408, 429, 498, 499]

/** What a request was about, for a person. */
interface Attempt {
  method: string
  bucket?: string
  path?: string
}

/** What it means that the store did not do what it was asked for. */
export async function failureOf(name: string, attempt: Attempt, answer: StoreAnswer): Promise<LauttaError> {
  const { status } = answer
  const words = await readWords(answer)
  const place = [attempt.bucket, attempt.path].filter((part) => part !== undefined).join('/')
  const said = `(${[attempt.method, place].join(' ').trim()}: ${`${status} ${words}`.trim()})`
  if (isFull(status, words)) return new StorageError(`${name} is full ${said}`, { reason: 'quota', hint: quotaHint })
  switch (status) {
    case 400:
      return new RefusedError(`${name} refuses it ${said}`)
    // The token is fresh from Keystone: RGW answers 401 where Swift answers 403.
    case 401:
      return new StorageError(`${name} does not let this credential in ${said}`, { reason: 'forbidden', hint: roleHint })
    case 403:
    case 409:
      return new StorageError(`${name} forbids it ${said}`, { reason: 'forbidden', hint: forbiddenHint })
    case 404:
      return new StorageError(`${name} does not have it ${said}`, { hint: goneHint })
    default:
      if (status >= 500 || busy.includes(status)) return new StorageError(`${name} does not do it now ${said}`)
      return new StorageError(`${name} answers like something that is no object store ${said}`, { hint: addressHint })
  }
}

/** RGW and Swift have different words for too many buckets. */
function isFull(status: number, words: string): boolean {
  return status === 413 || (status === 400 && words === 'TooManyBuckets') || (status === 403 && /container limit/i.test(words))
}

/** Somebody else answers at this address. */
export async function notSwift(name: string, answer: StoreAnswer): Promise<StorageError> {
  const { location } = answer.headers
  const said = await readWords(answer)
  const words = location === undefined ? said : `go to ${withoutQuery(location)}`
  const message = `${name} answers like something that is no Swift: ${answer.status} ${words}`
  return new StorageError(message.trim(), { hint: addressHint })
}

/** A redirect may carry what is nobody's business. */
function withoutQuery(location: string): string {
  return location.replace(/[?#].*$/s, '')
}
