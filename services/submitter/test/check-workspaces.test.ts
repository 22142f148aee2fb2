import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformDiskError, RefusedError } from '@lautta/core/errors'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCheckWorkspaces } from '../src/effects/check-workspaces.ts'
import type { JobWork } from '../src/effects/job-work.ts'
import type { LiveOrder } from '../src/live-order.ts'
import { openEnvironment, type TestEnvironment } from './open-environment.ts'

let site: TestEnvironment
beforeEach(async () => {
  site = await openEnvironment()
})
afterEach(() => site.close())

const inline = (path: string, value: string, overwrite = true) => ({
  transfer: { source: { place: 'inline', path: 'x', value }, target: { place: 'hpc/local', path } },
  overwrite
})
const stored = (name: string, path: string) => ({
  transfer: { source: { place: 'storage/allas/pipeline', path: name }, target: { place: 'hpc/local', path } },
  overwrite: true
})

/** What stands in the way of an order, each time that it is looked; and what its user was told. */
function prepare(part: object) {
  const request = orchestrationSchema(['local']).parse({
    name: 'n',
    platforms: { local: { jobs: [{ path: '/a.sh' }], ...part } }
  })
  const notices: string[] = []
  const { known, platform, store, management } = site
  const work = {
    ...{ user: 'u', known, platform, store, management, secretsFolder: site.folder },
    ...{ order: { fence: () => 1 } as LiveOrder, part: request.platforms.local },
    notice: async (words: string) => void notices.push(words)
  } as unknown as JobWork
  const check = createCheckWorkspaces(site.open())
  const look = () => check(work).catch((error: unknown) => error)
  return { look, notices }
}

describe('an order with files', () => {
  it('waits while their disk area is over its quota, until that is told to have room', async () => {
    await site.print('/scratch/project_1 7.2T*/7.0T 1/1M\n')
    const { look } = prepare({ files: { send: [inline('/scratch/project_1/a', 'x')] } })
    const words = '/scratch/project_1 is over its quota: 7.2T of 7.0T and 1 of 1M files are used'
    const failure = await look()
    expect(failure).toBeInstanceOf(PlatformDiskError)
    expect(failure).toMatchObject({ message: words, hint: expect.stringMatching(/remove files there/) })
    await site.print('/scratch/project_1 1T/7.0T 1/1M\n')
    expect(await look()).toMatchObject({ message: words })
    site.clock.nowMs += 5000
    expect(await look()).toBeUndefined()
  })

  it('waits for room for all of them, wherever they come from', async () => {
    await site.store.put(site.management.bucketOf('u', 'pipeline'), 'large', Buffer.alloc(600))
    await writeFile(join(site.folder, 'secret'), 'x'.repeat(300))
    const secret = {
      transfer: {
        source: { place: 'local/submitter', path: 'secret' },
        target: { place: 'hpc/local', path: '/scratch/project_1/secret' }
      }
    }
    const send = [stored('/large', '/scratch/project_1/large'), secret, inline('/scratch/project_1/inline', 'x'.repeat(100))]
    const { look } = prepare({ files: { send } })
    await site.print('/scratch/project_1 0/999 1/1M\n')
    expect(await look()).toMatchObject({
      message: expect.stringMatching(/has no room for 1000 bytes more in 3 new files: 0 of 999 and/)
    })
    await site.print('/scratch/project_1 0/1000 1/1M\n')
    site.clock.nowMs += 5000
    expect(await look()).toBeUndefined()
  })

  it('needs no room for files that are there and are kept', async () => {
    await site.print(`${site.folder} 8G/7G 1/1M\n`)
    const { look } = prepare({ files: { send: [inline('kept', 'x', false), inline('~/kept', 'x', false)] } })
    expect(await look()).toBeInstanceOf(PlatformDiskError)
    await writeFile(join(site.folder, 'kept'), '')
    site.clock.nowMs += 5000
    expect(await look()).toBeUndefined()
  })

  it('needs no room for what lies there already and is replaced', async () => {
    await site.print(`${site.folder} 700/1000 1/1\n`)
    await writeFile(join(site.folder, 'again'), 'x'.repeat(600))
    const again = (bytes: number) => prepare({ files: { send: [inline('again', 'x'.repeat(bytes))] } })
    expect(await again(600).look()).toBeUndefined()
    expect(await again(901).look()).toBeInstanceOf(PlatformDiskError)
  })

  it('is refused when one of them is above the quota', async () => {
    await site.print('/scratch/project_1 0/99 1/1M\n')
    const { look } = prepare({ files: { send: [inline('/tmp/a', 'x'), inline('/scratch/project_1/a', 'x'.repeat(100))] } })
    const failure = await look()
    expect(failure).toBeInstanceOf(RefusedError)
    expect(failure).toMatchObject({ message: 'files.send[1]: 100 bytes are more than /scratch/project_1 may hold: 99' })
  })

  it('is told once of a print that can not be read, and goes on', async () => {
    await site.print('the quota daemon is away\n')
    const { look, notices } = prepare({ files: { send: [inline('/scratch/project_1/a', 'x')] } })
    expect([await look(), await look()]).toEqual([undefined, undefined])
    expect(notices).toEqual([expect.stringMatching(/prints what can not be read, .*: the quota daemon is away$/)])
  })
})

describe('an order with a venv', () => {
  const venv = (path: string) => prepare({ configs: { venv: { name: 'v', path } } })

  it('is refused when that lies in none of the disk areas, which are named', async () => {
    await site.print('/projappl/project_1 1G/50G 1/1M\n/scratch/project_1 1G/50G 1/1M\n')
    const failure = await venv('/tmp/venvs').look()
    expect(failure).toBeInstanceOf(RefusedError)
    expect(failure).toMatchObject({
      message: 'configs.venv.path: /tmp/venvs lies in none of your workspaces on local',
      hint: `they are ${site.folder}, /projappl/project_1, /scratch/project_1`
    })
    expect(await venv('/projappl/project_1/../../tmp').look()).toBeInstanceOf(RefusedError)
    expect(await venv('/').look()).toBeInstanceOf(RefusedError)
    for (const path of ['/projappl/project_1', '/scratch/project_1/deep/er', 'venvs', '~/venvs', site.folder]) {
      expect(await venv(path).look()).toBeUndefined()
    }
  })

  it('is taken as it is when not all disk areas are known', async () => {
    await site.print('/projappl/project_1 1G/50G 1/1M\n/scratch/project_1 ?/50G\n')
    expect(await venv('/tmp/venvs').look()).toBeUndefined()
    await site.print('nothing\n')
    site.clock.nowMs += 10 * 60_000
    expect(await venv('/tmp/venvs').look()).toBeUndefined()
  })
})

describe('an order without files and venv', () => {
  it('does not wait for room', async () => {
    await site.print(`${site.folder} 8G/7G 1/1M\n`)
    expect(await prepare({}).look()).toBeUndefined()
  })
})
