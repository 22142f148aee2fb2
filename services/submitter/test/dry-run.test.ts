import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Question } from '@lautta/core/messages'
import { connectPlatform } from '@lautta/platforms/connect-platform'
import type { Platform } from '@lautta/platforms/platform'
import { type KnownPlatform, knownPlatforms } from '@lautta/platforms/settings'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dryRun } from '../src/dry-run.ts'
import { createKnownLimits } from '../src/known-limits.ts'

let folder: string
let platform: Platform
const [local] = knownPlatforms({}, true) as [KnownPlatform]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-dry-run-'))
  const environment = { PATH: process.env.PATH ?? '', HOME: folder }
  platform = await connectPlatform(local, 'u', { localFolder: join(folder, 'jobs'), environment })
})
afterEach(async () => {
  await platform.close()
  await rm(folder, { recursive: true })
})

const script = '#!/bin/sh\n'
const asking = new AbortController()
const ask = (jobs: Extract<Question, { kind: 'dry-run' }>['jobs'], now = () => new Date(0)) =>
  dryRun(
    platform,
    local,
    createKnownLimits(now),
    { kind: 'dry-run', user: 'u', platform: 'local', orderName: 'n', modules: [], venv: null, jobs },
    now,
    asking.signal
  )

describe('a dry run', () => {
  it('answers for each job by its number, also when its script is not there', async () => {
    await writeFile(join(folder, 'there.sh'), 'no script\n')
    const { jobs } = await ask([
      { index: 0, path: 'None', script },
      { index: 1, path: join(folder, 'there.sh') },
      { index: 2, path: join(folder, 'missing.sh') }
    ])
    expect(jobs).toMatchObject([
      { index: 0, accepted: true },
      { index: 1, accepted: false, hint: expect.stringContaining('#!/bin/bash') },
      { index: 2, accepted: false, detail: expect.stringContaining('missing.sh: No such file') }
    ])
  })
  it('says of which jobs it could not ask in time', async () => {
    let askedTimes = 0
    const now = () => new Date(askedTimes++ * 15_000)
    const { jobs } = await ask(
      [0, 1, 2].map((index) => ({ index, path: 'None', script })),
      now
    )
    expect(jobs.map(({ accepted }) => accepted)).toEqual([true, null, null])
  })
  it('asks nothing more once nobody waits for it', async () => {
    let askedTimes = 0
    const now = () => {
      // Before the second of four that are asked about at once.
      if (askedTimes++ === 2) asking.abort(new Error('nobody waits'))
      return new Date(0)
    }
    await expect(
      ask(
        Array.from({ length: 20 }, (_, index) => ({ index, path: 'None', script })),
        now
      )
    ).rejects.toThrow('nobody waits')
    expect(askedTimes).toBeLessThan(10)
  })
})
