import { describe, expect, it } from 'vitest'
import { accountForRayJob, endingOfRayJob } from '../src/ray/ray-ending.ts'
import { readRayJob } from '../src/ray/ray-job-info.ts'
import { readTraceback } from '../src/ray/ray-refusal.ts'
import { outcomeOfRayState, phaseOfRayState, rayFailures, rayStates } from '../src/ray/ray-state.ts'

const told = { type: 'SUBMISSION', submission_id: 'x', entrypoint: 'true', start_time: 1_795_299_968_311, end_time: null }

describe('the state of a Ray job', () => {
  it('is read, each of them', () => {
    const read = rayStates.map(({ state }) => [state, outcomeOfRayState(state, null, '') ?? phaseOfRayState(state)])
    expect(Object.fromEntries(read)).toEqual({
      PENDING: 'pending',
      RUNNING: 'running',
      STOPPED: 'cancelled',
      SUCCEEDED: 'completed',
      FAILED: 'failed'
    })
    expect(rayFailures.map(({ kind, reading }) => [kind, outcomeOfRayState('FAILED', kind, '') === reading])).toEqual(
      rayFailures.map(({ kind }) => [kind, true])
    )
  })

  it('is no end when we do not know it', () => {
    expect(outcomeOfRayState('HIBERNATED', null, '')).toBeNull()
    expect(phaseOfRayState('HIBERNATED')).toBe('running')
  })

  it.each([
    {
      kind: 'JOB_SUPERVISOR_ACTOR_DIED',
      message: 'Job supervisor actor died: The actor died because its node has died.',
      outcome: 'node-failed'
    },
    { kind: 'JOB_SUPERVISOR_ACTOR_DIED', message: 'Worker exit type: NODE_OUT_OF_MEMORY', outcome: 'out-of-memory' },
    {
      kind: 'JOB_ENTRYPOINT_COMMAND_ERROR',
      message: 'failed\nray.exceptions.OutOfMemoryError: Task was killed',
      outcome: 'out-of-memory'
    },
    { kind: 'JOB_ENTRYPOINT_COMMAND_ERROR', message: 'failed\nray.exceptions.NodeDiedError: gone', outcome: 'node-failed' },
    { kind: 'A_NEW_KIND', message: 'what we never heard of', outcome: 'failed' }
  ])('is $outcome of $kind: $message', ({ kind, message, outcome }) => {
    expect(outcomeOfRayState('FAILED', kind, message)).toBe(outcome)
  })

  it('is accounted for in the words of SLURM', () => {
    const states = rayStates.map(({ state }) => {
      const job = readRayJob({ ...told, status: state, driver_node_id: 'n', metadata: { job_name: 'a.t', 'lautta-token': 't' } })
      return job === null ? null : [job.token, accountForRayJob(job).state]
    })
    expect(states).toEqual([
      ['t', 'PENDING'],
      ['t', 'RUNNING'],
      ['t', 'CANCELLED'],
      ['t', 'COMPLETED'],
      ['t', 'FAILED']
    ])
  })

  it('has no beginning when its command never began', () => {
    const ending = {
      status: 'FAILED',
      end_time: 1_795_299_971_000,
      error_type: 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT',
      message: 'too late'
    }
    const job = readRayJob({ ...told, ...ending })
    expect(job && endingOfRayJob(job)).toMatchObject({
      startedAt: null,
      endedAt: '2026-11-21T22:26:11.000Z',
      reason: 'FAILED: too late'
    })
    expect(job && accountForRayJob(job)).toMatchObject({
      elapsedSeconds: 0,
      startedAtEpoch: null,
      submittedAtEpoch: 1_795_299_968
    })
  })

  it('of a driver that nobody submitted is none', () => {
    expect(readRayJob({ ...told, type: 'DRIVER', submission_id: null, status: 'RUNNING' })).toBeNull()
  })
})

describe('the words of a traceback', () => {
  it.each([
    {
      text: 'Traceback (most recent call last):\n  File "x", line 1\nValueError: no such thing\n.\n',
      kind: 'ValueError',
      words: 'no such thing'
    },
    { text: 'a.b.FooError: first\n\nDuring handling\nray.exceptions.BarError: last', kind: 'BarError', words: 'last' },
    {
      text: 'utils.SubprocessCalledProcessError: Run cmd[9] failed\nLast 50 lines of stdout:\n    ERROR: No matching distribution\n',
      kind: 'SubprocessCalledProcessError',
      words: 'ERROR: No matching distribution'
    },
    { text: 'No available agent\n', kind: '', words: 'No available agent' },
    { text: '', kind: '', words: '' }
  ])('are its last line, without the class: $words', ({ text, kind, words }) => {
    expect(readTraceback(text)).toEqual({ kind, words })
  })
})
