import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UnavailableError } from '@lautta/core/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LiveOrder } from '../src/live-order.ts'
import { LeaseLostError } from '../src/session-ports.ts'
import { openEnvironment, type TestEnvironment } from './open-environment.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

let site: TestEnvironment
beforeEach(async () => {
  site = await openEnvironment()
  await site.print('/scratch/project_1 1G/2G 3/4K\n')
})
afterEach(() => site.close())

const work = (fence = () => 1) => ({ platform: site.platform, order: { fence } as LiveOrder })
/** What was asked since the last time: each question begins with a login. */
const asked = async (): Promise<string[]> => {
  const file = join(site.folder, 'asked')
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
  await writeFile(file, '')
  return lines
}

describe('the environment of a platform', () => {
  it('is found once a day, and kept as a document for others', async () => {
    const environment = site.open()
    expect(await environment.read()).toBeNull()
    await Promise.all([environment.refresh(work()), environment.refresh(work())])
    expect(await asked()).toEqual(['login', 'login', 'workspaces'])
    const found = await site.open().read()
    expect(found).toMatchObject({
      ...{ directory: site.folder, foundAt: new Date(0).toISOString(), unreadableLines: [] },
      languages: expect.arrayContaining([{ name: 'Python', version: expect.stringMatching(/^3\.\d+/) }]),
      workspaces: [{ path: '/scratch/project_1', usedCapacity: '1G', maxFiles: '4K' }]
    })
    site.clock.nowMs = dayMs - 1
    await site.open().refresh(work())
    expect(await asked()).toEqual([])
    site.clock.nowMs = dayMs
    await environment.refresh(work())
    expect(await asked()).toEqual(['login', 'login', 'workspaces'])
  })

  it('has disk areas that are ten minutes old at most, when somebody needs to know', async () => {
    const environment = site.open()
    await environment.refresh(work())
    await asked()
    site.clock.nowMs = 10 * minuteMs - 1
    await environment.findWorkspaces(work())
    expect(await asked()).toEqual([])
    site.clock.nowMs = 10 * minuteMs
    await site.print('/scratch/project_1 2G/2G 3/4K\n')
    expect(await environment.findWorkspaces(work())).toMatchObject({ workspaces: [{ usedCapacity: '2G' }] })
    expect(await asked()).toEqual(['login', 'workspaces'])
    expect(await site.open().read()).toMatchObject({ workspaces: [{ usedCapacity: '2G' }] })
  })

  it('has disk areas that are asked for again after pauses that grow', async () => {
    const environment = site.open()
    await environment.refresh(work())
    await asked()
    const askedAt: number[] = []
    for (const seconds of Array.from({ length: 20 * 60 }, (_, index) => index + 1)) {
      site.clock.nowMs = seconds * 1000
      const before = (await environment.read())?.workspacesFoundAt
      await environment.findWorkspacesAgain(work())
      if ((await environment.read())?.workspacesFoundAt !== before) askedAt.push(seconds)
    }
    expect(askedAt).toEqual([2, 6, 14, 30, 62, 126, 254, 510, 810, 1110])
  })

  it('is not found when the platform does not answer, which is no failure and is not tried again soon', async () => {
    let calls = 0
    const start = async () => {
      calls++
      throw new UnavailableError('the connection was cut')
    }
    const lost = { ...work(), platform: { ...site.platform, shell: { ...site.platform.shell, start } } }
    const environment = site.open()
    for (const ms of [0, minuteMs]) {
      site.clock.nowMs = ms
      await environment.refresh(lost)
      expect(await environment.findWorkspaces(lost)).toBeNull()
    }
    expect(calls).toBe(2)
    expect(site.warnings).toHaveLength(2)
    expect(await site.open().read()).toBeNull()
  })

  it('is not written by who lost the lease', async () => {
    const lost = work(() => {
      throw new LeaseLostError('the lease has ended')
    })
    await expect(site.open().refresh(lost)).rejects.toThrow(LeaseLostError)
    expect(await site.open().read()).toBeNull()
  })
})
