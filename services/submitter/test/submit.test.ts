import type { JobEvent } from '@lautta/core/job/job-event'
import type { Outcome } from '@lautta/core/job/outcome'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import type { Scheduler } from '@lautta/platforms/scheduler'
import type { KnownPlatform } from '@lautta/platforms/settings'
import { describe, expect, it } from 'vitest'
import { createAdmission } from '../src/admission.ts'
import { createCheckAccount } from '../src/effects/check-account.ts'
import { createCheckLimits } from '../src/effects/check-limits.ts'
import type { JobWork } from '../src/effects/job-work.ts'
import { createLimitSpending } from '../src/effects/limit-spending.ts'
import { createSubmit } from '../src/effects/submit.ts'
import { createKnownLimits } from '../src/known-limits.ts'
import { createLiveOrder } from '../src/live-order.ts'
import type { SessionPorts } from '../src/session-ports.ts'

const now = () => new Date(0)
const noEnvironment = { keepAlso: async () => Promise.reject(new Error('nothing was found')) }
const known = { name: 'lumi', account: null, credentials: {} }

/** An order whose job is about to be submitted, and whose turn comes when the test says so. */
async function open(pause: string | null = null, script = '#!/bin/sh\n', former: JobEvent[] = []) {
  const request = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs: [{ script }] } } })
  const order = createLiveOrder({
    request: { id: '1', createdAt: '', warnings: [], errors: [], request, version: null },
    ...{ platform: 'lumi', saved: null, fence: () => 1, now, save: async () => {}, onHistory: () => {} }
  })
  const orders = { starts: new Map([[1, '']]), stops: new Map<number, string>(), controls: [], tries: new Map() }
  await order.feed(0, { type: 'ordersRead', orders, retries: ['failed'] })
  for (const event of [...former, { type: 'prepared' } as const]) await order.feed(0, event)
  let turn: (isOurs: boolean) => void = () => {}
  const turns = new Promise<boolean>((resolve) => {
    turn = resolve
  })
  const begun: number[] = []
  const notices: string[] = []
  const arraysAtTry: (string | null | undefined)[] = []
  const accepted = { kind: 'accepted', slurmJobId: '7', outPath: null, errPath: null }
  const scheduler = {
    awaitTurn: () => turns,
    submit: async () => accepted,
    findAccounts: async () => null,
    findLimits: async () => ({ partitions: [], maxArraySize: 10, associations: [] }),
    testSubmission: async () => ({ isAccepted: true, isLimitReached: false, words: '' })
  } as unknown as Scheduler
  const part = request.platforms.lumi!
  const work = {
    ...{ user: 'u', known, order, part, request: part.jobs[0]!, job: order.status.jobs[0]! },
    management: { tokenOf: () => 'token' },
    platform: { scheduler },
    isBackingOff: () => false,
    findPause: async () => pause,
    notice: async (words: string) => void notices.push(words),
    async beginTry(number: number) {
      begun.push(number)
      arraysAtTry.push(order.status.jobs[0]?.array)
    }
  } as unknown as JobWork
  const ports = { user: 'u', known, now } as unknown as SessionPorts
  const submit = createSubmit({
    admission: createAdmission(ports),
    checkAccount: createCheckAccount(now),
    limits: createCheckLimits(createKnownLimits(now), { partitions: [], partitionsReadAt: null }),
    limitSpending: createLimitSpending(
      { ...known, kind: 'slurm', partitions: [], billing: [] } as unknown as KnownPlatform,
      createKnownLimits(now),
      noEnvironment
    ),
    mostAtOnce: 4
  })
  const submitting = submit(work)
  const stop = () => order.feed(0, { type: 'ordersRead', orders: { ...orders, stops: new Map([[1, '']]) } })
  return { submitting, turn, begun, notices, arraysAtTry, stop }
}

describe('a submission that waits for its turn', () => {
  it('is made when the turn comes', async () => {
    const { submitting, turn, begun } = await open()
    turn(true)
    expect(await submitting).toMatchObject({ type: 'submissionAccepted', slurmJobId: '7' })
    expect(begun).toEqual([1])
  })
  it('is made over a limit to which SLURM makes an exception, and the limit is told', async () => {
    const { submitting, turn, notices } = await open(null, '#!/bin/sh\n#SBATCH --array=10\n')
    turn(true)
    expect(await submitting).toMatchObject({ type: 'submissionAccepted' })
    expect(notices.slice(0, 1)).toEqual([
      '--array=10 is too large: 9 is the highest index on this platform; SLURM takes the job all the same'
    ])
  })
  it('is not made any more when the job was stopped meanwhile, or when nothing is submitted any more', async () => {
    const stopped = await open()
    await stopped.stop()
    stopped.turn(true)
    const ending = await open()
    ending.turn(false)
    expect(await Promise.all([stopped.submitting, ending.submitting])).toEqual([null, null])
    expect([stopped.begun, ending.begun]).toEqual([[], []])
  })
  it('is not made while the platform is paused', async () => {
    const { submitting, turn, begun } = await open('paused by an administrator')
    turn(true)
    expect([await submitting, begun]).toEqual([{ type: 'waited', on: 'platform', reason: 'paused by an administrator' }, []])
  })
})

describe('the submission of an array', () => {
  it('begins when it is saved which tasks there will be, and tells when nobody knows where they write their logs', async () => {
    const { submitting, turn, notices, arraysAtTry } = await open(null, '#!/bin/sh\n#SBATCH --array=1-7:2%3\n')
    turn(true)
    expect(await submitting).toMatchObject({ type: 'submissionAccepted' })
    expect(arraysAtTry).toEqual(['1,3,5,7'])
    expect(notices).toEqual([expect.stringMatching(/%A_%a/)])
  })
  it('that follows by itself is without the tasks that the user cancelled', async () => {
    const cancel = { id: '01', order: 'cancel' as const, task: 2, attempt: 1 }
    const ended = (outcome: Outcome) => ({ outcome, exitCode: 1, reason: null, startedAt: null, endedAt: null })
    const endings = new Map([1, 2, 3].map((task) => [task, ended(task === 2 ? 'cancelled' : 'failed')]))
    const controls = { starts: new Map([[1, '']]), stops: new Map<number, string>(), controls: [cancel], tries: new Map() }
    const { submitting, turn, arraysAtTry } = await open(null, '#!/bin/sh\n#SBATCH --array=1-3\n', [
      { type: 'prepared' },
      { type: 'arrayComposed', array: '1-3' },
      { type: 'submissionAccepted', slurmJobId: '6', outPath: null, errPath: null },
      { type: 'ordersRead', orders: controls },
      { type: 'controlDone', id: '01', words: '' },
      { type: 'goneFromScheduler' },
      { type: 'tasksFound', endings, isAll: true },
      { type: 'filesBrought' }
    ])
    turn(true)
    expect(await submitting).toMatchObject({ type: 'submissionAccepted' })
    expect(arraysAtTry).toEqual(['1,3'])
  })
})
