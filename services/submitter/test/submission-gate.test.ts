import type { PlaceInLine } from '@lautta/queue/waiting-line'
import { describe, expect, it } from 'vitest'
import { createAdmission, type Kind, kindOf } from '../src/admission.ts'
import type { SessionPorts } from '../src/session-ports.ts'

const kind = (qos = ''): Kind => ({ account: 'project_1', partition: 'small', qos })
const small = kind()

function open(ask: (line: string) => Promise<PlaceInLine> = async () => 'alone') {
  let nowMs = 1_000_000
  const served: string[] = []
  const line = { ask, serve: async (place: string) => void served.push(place) }
  const known = { name: 'lumi', pollSeconds: 10, credentials: { u: { username: 'csc' } } }
  const admission = createAdmission({ user: 'u', known, line, now: () => new Date(nowMs) } as unknown as SessionPorts)
  /** One pass in which all that may is submitted, of which `most` are accepted; answers how many were. */
  const submitAll = async (most: number, of = small, words = 'AssocMaxSubmitJobLimit'): Promise<number> => {
    admission.beginRound()
    for (let accepted = 0; ; accepted++) {
      if (admission.whyClosed(of) !== null) return accepted
      const leave = await admission.enter(of)
      if (typeof leave !== 'function') return accepted
      if (accepted === most) admission.close(of, words)
      leave(accepted < most)
      if (accepted === most) return accepted
    }
  }
  const pass = (seconds: number) => {
    nowMs += seconds * 1000
  }
  return { admission, submitAll, pass, served, listed: (count: number) => admission.countListed(count, nowMs + 1) }
}

describe('the room for jobs under a limit', () => {
  it('has no end until the limit is met', async () => {
    const { admission } = open()
    for (let job = 0; job < 500; job++) {
      const leave = await admission.enter(small)
      if (typeof leave === 'function') leave(true)
    }
    expect([admission.whyClosed(small), admission.isLimited()]).toEqual([null, false])
  })
  it('is for as many as have ended, once it was met', async () => {
    const { submitAll, listed, admission } = open()
    expect(await submitAll(5)).toBe(5)
    expect(admission.whyClosed(small)).toBe('AssocMaxSubmitJobLimit')
    listed(5)
    expect(await submitAll(0)).toBe(0)
    listed(3)
    expect(await submitAll(2)).toBe(2)
  })
  it('counts what is under way', async () => {
    const { admission, submitAll, listed } = open()
    await submitAll(2)
    listed(1)
    admission.beginRound()
    expect(typeof (await admission.enter(small))).toBe('function')
    expect(await admission.enter(small)).toEqual({ reason: 'AssocMaxSubmitJobLimit' })
  })
  it('is tried now and then, ever more as long as that goes well, and less often when it does not', async () => {
    const { submitAll, pass } = open()
    await submitAll(1)
    expect(await submitAll(9)).toBe(0)
    pass(10)
    expect([await submitAll(9), await submitAll(9), await submitAll(9)]).toEqual([1, 2, 8])
    const { submitAll: submit, pass: later } = open()
    await submit(1)
    later(10)
    expect(await submit(0)).toBe(0)
    later(10)
    expect(await submit(1)).toBe(0)
    later(10)
    expect(await submit(1)).toBe(1)
  })
  it('takes several refusals that were under way together for one', async () => {
    const { admission, submitAll, pass } = open()
    await submitAll(1)
    for (const _ of [1, 2, 3]) admission.close(small, 'AssocMaxSubmitJobLimit')
    pass(10)
    expect(await submitAll(1)).toBe(1)
  })
  it('that is full for one kind of jobs holds back no others', async () => {
    const { submitAll } = open()
    await submitAll(2, kind('long'), 'QOSMaxSubmitJobPerUserLimit')
    expect(await submitAll(9, kind('long'))).toBe(0)
    expect(await submitAll(50)).toBe(50)
  })
  it('is none when a listing shows no job at all: soon where no account is named, else after some times', async () => {
    const refusals = async (of: Kind, jobs: number): Promise<boolean[]> => {
      const { admission, listed, pass } = open()
      const told: boolean[] = []
      for (let refusal = 0; refusal < 6; refusal++) {
        told.push(!admission.close(of, 'AssocMaxSubmitJobLimit'))
        pass(1)
        listed(jobs)
      }
      return told
    }
    expect(await refusals({ ...small, account: '' }, 0)).toEqual([false, true, true, true, true, true])
    expect(await refusals(small, 0)).toEqual([false, false, false, false, true, true])
    expect(await refusals(small, 2)).toEqual([false, false, false, false, false, false])
  })
})

describe('a user who shares the room with others', () => {
  it('lets others go first when it is their turn, and goes without turns when nobody can tell', async () => {
    let answer: () => Promise<PlaceInLine> = async () => 'behind'
    const { admission, submitAll, pass } = open(() => answer())
    await submitAll(0, small, 'AssocGrpSubmitJobsLimit')
    pass(10)
    admission.beginRound()
    expect(admission.whyClosed(small)).toBeNull()
    expect(await admission.enter(small)).toEqual({ reason: 'others who wait for the same room are first' })
    expect(admission.whyClosed(small)).toBe('others who wait for the same room are first')
    answer = async () => Promise.reject(new Error('Redis is away'))
    expect(await submitAll(1)).toBe(1)
  })
  it('stands in line only when there may be room, in the line of the account or of the login, and last after each turn', async () => {
    const asked: string[] = []
    const { submitAll, pass, served } = open(async (line) => (asked.push(line) > 0 ? 'alone' : 'behind'))
    await submitAll(0, small, 'AssocGrpSubmitJobsLimit')
    await submitAll(0, kind('long'), 'QOSMaxSubmitJobPerUserLimit')
    await submitAll(0)
    expect(asked).toEqual([])
    pass(10)
    await submitAll(0, small, 'AssocGrpSubmitJobsLimit')
    await submitAll(0, kind('long'), 'QOSMaxSubmitJobPerUserLimit')
    expect(asked).toEqual(['["lumi","project_1"]', '["lumi",{"login":"csc"}]'])
    expect(served).toEqual(asked)
  })
})

describe('a user whose turn it is before others', () => {
  it('tries in each pass, because they leave it what becomes free, and is last again after some tries in vain', async () => {
    let place: PlaceInLine = 'alone'
    const { submitAll, pass, served, admission } = open(async () => place)
    await submitAll(0)
    pass(10)
    place = 'first'
    const tries = async () => {
      admission.beginRound()
      return admission.whyClosed(small) === null
    }
    for (let turn = 0; turn < 3; turn++) {
      expect([await tries(), served.length]).toEqual([true, 0])
      await submitAll(0)
    }
    expect([await tries(), served.length]).toEqual([false, 1])
  })
})

describe('the kind of a submission', () => {
  it('is what its options say, and its directives where they say nothing', () => {
    const script = '#!/bin/sh\n#SBATCH --account=project_1 -p small\n#SBATCH --qos=long\n'
    expect(kindOf({ script, options: { partition: 'large' } })).toEqual({ account: 'project_1', partition: 'large', qos: 'long' })
  })
})
