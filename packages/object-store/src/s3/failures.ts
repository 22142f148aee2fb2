import { type LauttaError, RefusedError, StorageError, type StorageReason } from '@lautta/core/errors'
import { z } from 'zod'
import { foreignBucketHint, quotaHint } from '../http/hints.ts'
import type { StoreAnswer } from '../http/http-client.ts'
import { readXml } from './read-xml.ts'

/** Why S3 did not do what it was asked for. */
export interface S3Failure {
  status: number
  /** S3's own word for it; empty: somebody else answered. */
  code: string
  /** What it says beside that. */
  words: string
}

interface Meaning {
  codes: readonly string[]
  /** Behind the name of the store. */
  says: string
  reason: StorageReason
  hint?: string
}

const busy = 'does not do it now'
/** What to do when somebody else seems to answer. */
export const addressHint = 'See that endpoint is the address of an S3 service, such as https://a3s.fi.'
const meanings: readonly Meaning[] = [
  {
    codes: ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'AuthorizationHeaderMalformed', 'ExpiredToken', 'InvalidToken'],
    says: 'does not accept the keys',
    reason: 'credentials',
    hint: 'See that access-key-id and secret-access-key are a pair that is still valid, and that region is the one of the endpoint.'
  },
  {
    codes: ['RequestTimeTooSkewed', 'RequestExpired'],
    says: "has another time than this machine's clock",
    reason: 'credentials',
    hint: 'Set the clock of this machine, for instance by NTP: S3 accepts a difference of a quarter of an hour at most.'
  },
  {
    codes: ['AccessDenied', 'AllAccessDisabled', 'AccountProblem', 'UserSuspended', 'BucketAlreadyExists'],
    says: 'forbids it',
    reason: 'forbidden',
    hint: `${foreignBucketHint} Or the keys are not allowed this: ask the project's manager.`
  },
  {
    codes: ['QuotaExceeded', 'TooManyBuckets'],
    says: 'is full',
    reason: 'quota',
    hint: quotaHint
  },
  {
    codes: ['BadDigest', 'XAmzContentSHA256Mismatch', 'IncompleteBody'],
    says: 'got something else than was sent',
    reason: 'damaged',
    hint: 'It was damaged on the way: try again.'
  },
  {
    codes: ['NoSuchBucket', 'NoSuchKey', 'NoSuchUpload', 'OperationAborted', 'RequestTimeout'],
    says: 'was interrupted',
    reason: 'unavailable',
    hint: 'Somebody else may have removed or changed it in this moment: try again.'
  },
  {
    codes: ['InternalError', 'SlowDown', 'ServiceUnavailable'],
    says: busy,
    reason: 'unavailable'
  },
  {
    codes: ['PermanentRedirect', 'TemporaryRedirect'],
    says: 'refers to another address',
    reason: 'unavailable',
    hint: addressHint
  }
]

const errorForm = z.object({
  Error: z.object({ Code: z.string(), Message: z.string().default(''), Endpoint: z.string().default('') })
})
const mostErrorCharacters = 64 * 1024
const mostWords = 300

/** What it means that the store did not do what it was asked for. */
export function failureOf(name: string, what: string, { status, code, words }: S3Failure): LauttaError {
  const said = [`${what}:`, status, code, words].filter((part) => part !== '').join(' ')
  const meaning = meanings.find(({ codes }) => codes.includes(code))
  if (meaning !== undefined) return new StorageError(`${name} ${meaning.says} (${said})`, meaning)
  if (status >= 500 || status === 429) return new StorageError(`${name} ${busy} (${said})`)
  if (code === '') return new StorageError(`${name} answers like something that is no S3 (${said})`, { hint: addressHint })
  return new RefusedError(`${name} refuses it (${said})`)
}

/** What an answer that is not a success says; its body is over then. */
export async function readFailure({ status, headers, body }: StoreAnswer): Promise<S3Failure> {
  const { location = '', date = '' } = headers
  const failure = parseFailure(status, await readStart(body))
  const address = withoutQuery(location)
  if (address !== '') return { ...failure, words: `go to ${address}` }
  return failure.code === 'RequestTimeTooSkewed' ? { ...failure, words: `its clock says ${date}` } : failure
}

/** The error that a text is; S3 also sends one behind a good status when it fails late. */
export function parseFailure(status: number, text: string): S3Failure {
  const { Code: code = '', Message = '', Endpoint = '' } = readXml(text, errorForm)?.Error ?? {}
  return {
    status,
    code,
    words: [Message, Endpoint]
      .filter((part) => part !== '')
      .join(' ')
      .slice(0, mostWords)
  }
}

async function readStart(body: StoreAnswer['body']): Promise<string> {
  let text = ''
  try {
    for await (const chunk of body) {
      text += chunk
      // The rest is let go of.
      if (text.length > mostErrorCharacters) break
    }
  } catch {
    // It broke off: what came has to do.
  }
  return text
}

/** A redirect may carry what is nobody's business. */
function withoutQuery(location: string): string {
  return location.replace(/[?#].*$/s, '')
}
