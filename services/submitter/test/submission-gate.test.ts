import { describe, expect, it } from 'vitest'
import { createAdmission } from '../src/admission.ts'
import type { SessionPorts } from '../src/session-ports.ts'
import { createSubmissionGate } from '../src/submission-gate.ts'

function open() {
  let nowMs = 1_000_000
  const gate = createSubmissionGate(10, () => new Date(nowMs))
  /** One pass in which all that may is submitted, of which `most` are accepted. */
  const submitAll = (most: number): number => {
    gate.beginRound()
    let accepted = 0
    for (let place = gate.enter(); place !== null; place = gate.enter()) {
      const isAccepted = accepted < most
      place.leave(isAccepted)
      if (isAccepted) accepted++
      else gate.close()
    }
    return accepted
  }
  const pass = (seconds: number) => {
    nowMs += seconds * 1000
  }
  return { gate, submitAll, pass, listed: (count: number) => gate.countListed(count, nowMs + 1) }
}

describe('the gate before submissions', () => {
  it('lets everything through until a limit is met', () => {
    const { gate } = open()
    for (let job = 0; job < 500; job++) gate.enter()?.leave(true)
    expect(gate.isLimited()).toBe(false)
  })
  it('lets through as many as have ended, once a limit was met', () => {
    const { gate, submitAll, listed } = open()
    expect(submitAll(5)).toBe(5)
    expect(gate.isLimited()).toBe(true)
    listed(5)
    expect(submitAll(0)).toBe(0)
    listed(3)
    expect(submitAll(2)).toBe(2)
  })
  it('counts what is under way', () => {
    const { gate, submitAll, listed } = open()
    submitAll(2)
    listed(1)
    gate.beginRound()
    expect(gate.enter()).not.toBeNull()
    expect(gate.enter()).toBeNull()
  })
  it('tries now and then whether there is more room, ever more as long as that goes well, and less often when it does not', () => {
    const { submitAll, pass } = open()
    submitAll(1)
    expect(submitAll(9)).toBe(0)
    pass(10)
    expect([submitAll(9), submitAll(9), submitAll(9)]).toEqual([1, 2, 8])
    const { submitAll: submit, pass: later } = open()
    submit(1)
    later(10)
    expect(submit(0)).toBe(0)
    later(10)
    expect(submit(1)).toBe(0)
    later(10)
    expect(submit(1)).toBe(1)
  })
  it('takes several refusals that were under way together for one', () => {
    const { gate, submitAll, pass } = open()
    submitAll(1)
    for (const _ of [1, 2, 3]) gate.close()
    pass(10)
    expect(submitAll(1)).toBe(1)
  })
})

describe('the admission of a user who shares the room with others', () => {
  it('lets others go first when it is their turn, and goes without turns when nobody can tell', async () => {
    const asked: string[] = []
    let answer: () => Promise<boolean> = async () => false
    const ask = (place: string) => {
      asked.push(place)
      return answer()
    }
    const ports = {
      user: 'u',
      known: { name: 'lumi', pollSeconds: 1, credentials: { u: { username: 'csc' } } },
      now: () => new Date(0)
    }
    const admission = createAdmission({ ...ports, line: { ask, serve: async () => {} } } as unknown as SessionPorts)
    admission.beginRound()
    expect(await admission.enter()).not.toHaveProperty('reason')
    admission.close('AssocGrpSubmitJobsLimit')
    expect(await admission.enter()).toEqual({ reason: 'others who wait for the same room are first' })
    admission.beginRound()
    answer = async () => Promise.reject(new Error('Redis is away'))
    admission.countListed(0, 1)
    expect(await admission.enter()).toEqual({ reason: 'AssocGrpSubmitJobsLimit' })
    admission.close('QOSMaxSubmitJobPerUserLimit')
    admission.beginRound()
    await admission.enter()
    expect(asked).toEqual(['["lumi"]', '["lumi"]', '["lumi","csc"]'])
  })
})
