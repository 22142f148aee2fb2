import { CredentialsError, type LauttaError, RefusedError, UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import { connectionError } from '../ssh/connection-step.ts'

interface RefusedAnswer {
  name: string
  tokenHint: string | null
  method: string
  status: number
  text: string
}

const longestWords = 1000
// Classes of Python's by which Ray's own checks tell a mistake.
const mistakes = new Set(['ValueError', 'TypeError'])

/** What an answer of Ray means that is neither success nor 404, in Ray's own words. */
export function refusalOf({ name, tokenHint, method, status, text }: RefusedAnswer): LauttaError {
  const { kind, words } = readTraceback(text)
  const said = `${name} says: ${words || `nothing, with status ${status}`}`
  const isTokenRefused = status === 401 || status === 403
  if (isTokenRefused && tokenHint === null) return new UnavailableError(said, { hint: 'another program has its address by now' })
  if (isTokenRefused && tokenHint !== null)
    return connectionError('login', new CredentialsError(said, { hint: tokenHint, isRefusedByHost: true }))
  if (status === 413 || kind === 'HTTPRequestEntityTooLarge' || /exceeds the maximum size/.test(words))
    return new RefusedError(said, {
      hint: "put less into the Ray job's directory, and what is large where its tasks can read it"
    })
  const inner = innerStatus(text) ?? status
  if ((inner >= 400 && inner < 500 && inner !== 429) || mistakes.has(kind)) return new RefusedError(said)
  // The dashboard passes a submission on to another process: how far it got it does not say.
  return status >= 500 && method === 'POST' ? new UnknownOutcomeError(said) : new UnavailableError(said)
}

/**
 * The one line of a Python traceback that is meant for people, and which class of exception said it. Behind a failed pip
 * stands what it printed: its lines with ERROR say it best.
 */
export function readTraceback(text: string): { kind: string; words: string } {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '.')
  const [, kind = '', said = ''] = exceptionForm.exec(lines.findLast((line) => exceptionForm.test(line)) ?? '') ?? []
  const ofPip = lines.filter((line) => line.startsWith('ERROR: '))
  const words = kind === 'SubprocessCalledProcessError' && ofPip.length > 0 ? ofPip.join(' ') : said || (lines.at(-1) ?? '')
  return { kind, words: words.slice(0, longestWords) }
}

const exceptionForm = /^(?:\w+\.)*(\w+(?:Error|Exception|TooLarge)): (.+)$/

/** The dashboard asks a process of the head node, and tells its answer as a failure of its own. */
function innerStatus(text: string): number | null {
  const [, status] = /Request failed with status code (\d{3}): /.exec(text) ?? []
  return status === undefined ? null : Number(status)
}
