import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CredentialsError, UnavailableError } from '@lautta/core/errors'
import type { Question } from '@lautta/core/messages'
import { connectPlatform } from '@lautta/platforms/connect-platform'
import type { Platform } from '@lautta/platforms/platform'
import { type KnownPlatform, knownPlatforms } from '@lautta/platforms/settings'
import { createLogger } from '@lautta/runtime/logger'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAnswering } from '../src/answer-questions.ts'
import { createKnownLimits } from '../src/known-limits.ts'
import type { Session } from '../src/session.ts'

let folder: string
let platform: Platform
let nowMs = 0
const [local] = knownPlatforms({}, true) as [KnownPlatform]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-questions-'))
  nowMs = 0
  const environment = { PATH: process.env.PATH ?? '', HOME: folder }
  platform = await connectPlatform(local, 'u', { localFolder: join(folder, 'jobs'), environment })
})
afterEach(async () => {
  await platform.close()
  await rm(folder, { recursive: true })
})

/** Answers over the machine's own platform, once the gate of a user is open. */
const open = (gateOf: (user: string) => Promise<void> | null = () => null) => {
  const asked: string[] = []
  const sessionOf = (user: string): Pick<Session, 'ask'> => ({
    async ask(work) {
      asked.push(user)
      await gateOf(user)
      return {
        answer: await work(
          platform,
          createKnownLimits(() => new Date(nowMs))
        )
      }
    }
  })
  const options = { sessionOf, platforms: [local], now: () => new Date(nowMs), logger: createLogger('silent') }
  const answering = createAnswering(options)
  const ask = (question: Question, signal = new AbortController().signal) => answering(question, signal)
  return { asked, ask }
}
const createGate = () => {
  let openGate = (): void => {}
  const gate = new Promise<void>((resolve) => {
    openGate = resolve
  })
  return { gate, openGate: () => openGate() }
}
const probeOf = (user: string): Question => ({ kind: 'probe', user, platform: 'local' })
const dryRunOf = (user: string): Question => ({
  ...{ kind: 'dry-run', user, platform: 'local', orderName: 'n', modules: [], venv: null },
  jobs: [{ index: 0, path: 'None', script: '#!/bin/sh\n' }]
})
const steps = [{ step: 'shell', ok: true, detail: '' }]

describe('a probe', () => {
  it('is made once for those who ask together, and once in ten seconds', async () => {
    const { asked, ask } = open()
    expect(await Promise.all([ask(probeOf('u')), ask(probeOf('u'))])).toEqual([{ answer: { steps } }, { answer: { steps } }])
    nowMs = 9_999
    await ask(probeOf('u'))
    expect(asked).toEqual(['u'])
    await ask(probeOf('v'))
    nowMs = 10_000
    await ask(probeOf('u'))
    expect(asked).toEqual(['u', 'v', 'u'])
  })
  it('that could not be made is made anew', async () => {
    let failure: Error | null = new UnavailableError('the lease is not known')
    const { asked, ask } = open(() => (failure === null ? null : Promise.reject(failure)))
    await expect(ask(probeOf('u'))).rejects.toThrow('the lease is not known')
    failure = null
    expect(await ask(probeOf('u'))).toEqual({ answer: { steps } })
    expect(asked).toEqual(['u', 'u'])
  })
  it('of a platform that refuses the login tells the steps until there', async () => {
    const { ask } = open(() => Promise.reject(new CredentialsError('not accepted', { isRefusedByHost: true, hint: 'look' })))
    const answered = await ask(probeOf('u'))
    const before = ['name', 'tcp', 'host-key'].map((step) => ({ step, ok: true, detail: '' }))
    expect(answered).toEqual({ answer: { steps: [...before, { step: 'login', ok: false, detail: 'not accepted (look)' }] } })
  })
})

describe('a question about a Ray cluster', () => {
  const clusterOf: Question = { kind: 'ray-cluster', user: 'u', platform: 'local', cluster: null }
  it('is answered also where there is none', async () => {
    const nothing = { 'ray-version': null, 'python-version': null, nodes: [], resources: {} }
    const { ask } = open()
    expect(await ask(clusterOf)).toEqual({
      answer: { ok: false, detail: 'this platform is no Ray cluster', ...nothing }
    })
  })
  it('is not answered when the way to its platform is closed', async () => {
    const { ask } = open(() => Promise.reject(new CredentialsError('no credential')))
    await expect(ask(clusterOf)).rejects.toThrow('no credential')
  })
})

describe('questions', () => {
  it('of one user about a platform are two at once, and hold up nobody else’s', async () => {
    const { gate, openGate } = createGate()
    const { ask } = open((user) => (user === 'u' ? gate : null))
    const first = ask(dryRunOf('u'))
    const second = ask(probeOf('u'))
    const refused = await ask(dryRunOf('u')).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(UnavailableError)
    expect(refused).toMatchObject({ message: '2 questions of yours about local are being answered' })
    expect(await ask(dryRunOf('v'))).toMatchObject({ answer: { jobs: [{ index: 0, accepted: true }] } })
    openGate()
    await Promise.all([first, second])
    expect(await ask(dryRunOf('u'))).toMatchObject({ answer: { jobs: [{ accepted: true }] } })
  })
  it('whose asker left are not put to the platform any more', async () => {
    const { gate, openGate } = createGate()
    const { ask } = open(() => gate)
    const asking = new AbortController()
    const partitions: Question = { kind: 'partitions', user: 'v', platform: 'local' }
    const cluster: Question = { kind: 'ray-cluster', user: 'w', platform: 'local', cluster: null }
    const asked = [dryRunOf('u'), probeOf('u'), partitions, cluster].map((question) => ask(question, asking.signal))
    asking.abort(new UnavailableError('too late'))
    openGate()
    for (const one of asked) await expect(one).rejects.toThrow('too late')
  })
  it('about what is not configured here are refused', async () => {
    const { ask } = open()
    await expect(ask({ kind: 'probe', user: 'u', platform: 'moon' })).rejects.toThrow(/does not know u or moon/)
  })
})
