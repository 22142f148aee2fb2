import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CredentialsError, UnavailableError } from '@lautta/core/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rememberFailure } from '../src/ssh/remember-failure.ts'

let folder: string
let attempts: number
let nowMs: number
let failure: Error | null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lautta-failure-'))
  attempts = 0
  nowMs = 0
  for (const name of ['key', 'certificate', 'passphrase']) writeFileSync(join(folder, name), name)
})
afterEach(() => rmSync(folder, { recursive: true }))

const path = (name: string) => join(folder, name)
const remembering = () => {
  const open = async () => {
    attempts++
    if (failure !== null) throw failure
    return 'opened'
  }
  const files = { privateKeyFile: path('key'), certificateFile: path('certificate'), passphraseFile: path('passphrase') }
  return rememberFailure(open, { username: 'u', ...files }, () => nowMs)
}
const refused = () => new CredentialsError('refused', { isRefusedByHost: true })

describe('a failure to connect', () => {
  it.each([
    ['a host that can not be reached', 5000, () => new UnavailableError('away')],
    ['a login that was refused', 60_000, refused]
  ])('is told again, and not tried, for a while: %s', async (_what, restMs, fail) => {
    failure = fail()
    const open = remembering()
    await expect(open()).rejects.toBe(failure)
    nowMs = restMs - 1
    await expect(open()).rejects.toBe(failure)
    expect(attempts).toBe(1)
    nowMs = restMs
    failure = null
    expect(await open()).toBe('opened')
  })
  it('is over with the next success', async () => {
    failure = new UnavailableError('away')
    const open = remembering()
    await expect(open()).rejects.toBe(failure)
    nowMs = 5000
    failure = null
    await open()
    expect(await open()).toBe('opened')
  })
  it('is not remembered when the files themselves could not serve', async () => {
    failure = new CredentialsError('wrong passphrase')
    const open = remembering()
    await expect(open()).rejects.toBe(failure)
    failure = null
    expect(await open()).toBe('opened')
  })
  it.each(['key', 'certificate', 'passphrase'])('is over when another file is there: %s', async (name) => {
    // As mounted secrets are: behind a link that is changed.
    writeFileSync(path('old'), 'same size')
    writeFileSync(path('new'), 'size same')
    rmSync(path(name))
    symlinkSync('old', path(name))
    failure = refused()
    const open = remembering()
    await expect(open()).rejects.toBe(failure)
    symlinkSync('new', path('link'))
    renameSync(path('link'), path(name))
    await expect(open()).rejects.toBe(failure)
    rmSync(path(name))
    await expect(open()).rejects.toBe(failure)
    await expect(open()).rejects.toBe(failure)
    expect(attempts).toBe(3)
  })
})
