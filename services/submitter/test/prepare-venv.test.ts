import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { connectPlatform } from '@lautta/platforms/connect-platform'
import type { Platform } from '@lautta/platforms/platform'
import { knownPlatforms } from '@lautta/platforms/settings'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { createPrepareVenv } from '../src/effects/prepare-venv.ts'

// This machine's Python without pip, which is fast; a test may hold it up, or let it say what a full disk makes it say.
const python = `#!/bin/sh
while [ -e "$HOME/hold" ] && kill -0 ${process.pid}; do sleep 0.1; done
[ ! -e "$HOME/full" ] || { echo "[Errno 28] No space left on device" >&2; exit 1; }
exec /usr/bin/python3 -m venv --without-pip "$4"
`

let home: string
let platform: Platform
let nowMs: number
let asked: number
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lautta-prepare-venv-'))
  await mkdir(join(home, 'bin'))
  await writeFile(join(home, 'bin/python3'), python, { mode: 0o755 })
  const machine = { localFolder: home, environment: { HOME: home, PATH: `${home}/bin:/usr/bin:/bin` } }
  const real = await connectPlatform(known, 'u', machine)
  const start: Platform['shell']['start'] = (argv, lane) => {
    asked++
    return real.shell.start(argv, lane)
  }
  platform = { ...real, shell: { ...real.shell, start } }
  nowMs = 0
  asked = 0
})
afterEach(() => rm(home, { recursive: true, force: true }))

const known = knownPlatforms({}, true).find(({ name }) => name === 'local') ?? raise()
const part =
  orchestrationSchema(['local']).parse({
    name: 'n',
    platforms: { local: { configs: { venv: { name: 'v', path: '~/' } }, jobs: [{ script: '#!/bin/sh\n' }] } }
  }).platforms.local ?? raise()

function raise(): never {
  throw new Error('there is no platform local')
}

/** What prepares the venv for one order after the other, and what these were told. */
function createOrders() {
  const prepare = createPrepareVenv(() => new Date(nowMs))
  return () => {
    const notices: string[] = []
    const awaited = { number: null }
    const notice = async (words: string) => {
      notices.push(words)
    }
    return { notices, prepare: () => prepare({ part, known, platform, notice }, awaited) }
  }
}
const goesOn = { type: 'preparationGoesOn' }

describe('the venv of several orders', () => {
  it('is asked for by one of them at a time, and more and more seldom, until it is there for all', async () => {
    await writeFile(join(home, 'hold'), '')
    const createOrder = createOrders()
    const orders = [createOrder(), createOrder()]
    const all = () => Promise.all(orders.map(({ prepare }) => prepare()))
    expect(await all()).toEqual([goesOn, goesOn])
    expect(asked).toBe(1)
    for (nowMs = 0; nowMs < 62_000; nowMs += 1000) expect(await all()).toEqual([goesOn, goesOn])
    expect(asked, 'after 0, 2, 6, 14, 24, 34, 44 and 54 seconds').toBe(8)
    await rm(join(home, 'hold'))
    const built = async () => {
      nowMs += 10_000
      return (await all()).every((event) => event === null)
    }
    await until(built, 100)
    const told = ['the venv ~/v is being built', expect.stringMatching(/^the venv ~\/v was built with Python 3\./)]
    expect(orders.map(({ notices }) => notices)).toEqual([told, told])
  })

  it('waits while the disk is full, and is built once there is room', async () => {
    await writeFile(join(home, 'full'), '')
    const { notices, prepare } = createOrders()()
    const stuck = await until(async () => {
      nowMs += 10_000
      const event = await prepare()
      return event?.type === 'waited' ? event : null
    }, 100)
    expect(stuck).toMatchObject({ on: 'platform-disk', reason: expect.stringMatching(/No space left on device/) })
    const before = asked
    nowMs += 59_000
    expect(await prepare()).toEqual(stuck)
    expect(asked).toBe(before)
    await rm(join(home, 'full'))
    nowMs += 1000
    expect(await prepare(), 'while it is built anew').toEqual(stuck)
    await until(async () => {
      nowMs += 10_000
      return (await prepare()) === null
    }, 100)
    expect(notices).toHaveLength(2)
  })
})
