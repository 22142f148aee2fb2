import { CredentialsError, RefusedError, UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { createBackoff } from '../src/backoff.ts'

describe('the pause after a failure of the platform', () => {
  it('doubles with each failure up to a bound, and ends with an answer', () => {
    let second = 0
    const pause = createBackoff(2, () => new Date(second * 1000))
    const lengths: number[] = []
    for (let failure = 0; failure < 7; failure++) {
      const begun = second
      pause.noteFailure(new UnavailableError('down'))
      while (pause.isOn()) second++
      lengths.push(second - begun)
    }
    expect(lengths).toEqual([2, 4, 8, 16, 32, 60, 60])
    pause.noteFailure(new CredentialsError('expired'))
    pause.end()
    expect(pause.isOn()).toBe(false)
  })
  it('counts failures during a pause as the one that began it', () => {
    let second = 0
    const pause = createBackoff(2, () => new Date(second * 1000))
    for (let job = 0; job < 5; job++) pause.noteFailure(new UnavailableError('down'))
    second = 2
    expect(pause.isOn()).toBe(false)
  })
  it('throws the refused login that began it for as long as it is on', () => {
    let second = 0
    const backoff = createBackoff(2, () => new Date(second * 1000))
    const refused = new CredentialsError('not accepted', { isRefusedByHost: true })
    backoff.throwRefusal()
    backoff.noteFailure(refused)
    backoff.noteFailure(new UnavailableError('down'))
    expect(backoff.throwRefusal).toThrow(refused)
    second = 2
    backoff.throwRefusal()
    backoff.noteFailure(new UnavailableError('down'))
    backoff.throwRefusal()
    expect(backoff.isOn()).toBe(true)
  })
  it('is not begun by a refusal, which is the order’s own', () => {
    const pause = createBackoff(2, () => new Date(0))
    pause.noteFailure(new RefusedError('no'))
    expect(pause.isOn()).toBe(false)
  })
})
