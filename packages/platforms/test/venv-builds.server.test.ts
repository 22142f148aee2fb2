import { execFile } from 'node:child_process'
import { appendFile, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { until } from '../../../test/support/until.ts'
import { createLocalShell } from '../src/local/local-shell.ts'
import { runCommand } from '../src/run-command.ts'
import { askForVenv, type VenvAnswer } from '../src/venv/ask-for-venv.ts'
import { wheelScript } from './wheel-script.ts'

const run = promisify(execFile)

// In front of this machine's own: a test may hold it up, or let it say what a full disk makes it say.
const python = `#!/bin/sh
case "$*" in *"-m venv"*)
  echo "$*" >>"$HOME/made"
  while [ -e "$HOME/hold" ] && kill -0 ${process.pid}; do sleep 0.1; done
  [ ! -e "$HOME/full" ] || { echo "OSError: [Errno 28] No space left on device: '$HOME/v'" >&2; exit 1; };;
esac
exec /usr/bin/python3 "$@"
`

let folder: PrivateFolder
let home: string
beforeAll(async () => {
  folder = await makePrivateFolder('lautta-venv')
  home = folder.path
  await run('/usr/bin/python3', ['-c', wheelScript, join(home, 'wheels'), 'apple==1.0', 'pear==2.0'])
  for (const bin of ['bin', 'other']) {
    await mkdir(join(home, bin))
    await writeFile(join(home, bin, 'python3'), python, { mode: 0o755 })
  }
})
afterAll(() => folder?.remove())

interface Asked {
  venv: string
  packages?: readonly string[]
  waitedFor?: number | null
  bin?: 'bin' | 'other'
  index?: Readonly<Record<string, string>>
}

const ask = ({ venv, packages = [], waitedFor = null, bin = 'bin', index }: Asked): Promise<VenvAnswer> => {
  const pip = index ?? { PIP_NO_INDEX: '1', PIP_FIND_LINKS: join(home, 'wheels') }
  const shell = createLocalShell({ HOME: home, PATH: `${home}/${bin}:/usr/bin:/bin`, ...pip }, home)
  return runCommand(shell, askForVenv({ folder: `~/${venv}`, packages }, { preamble: [], modules: [] }, waitedFor))
}
const buildOf = (answer: VenvAnswer): number => {
  if (answer.kind !== 'building') throw new Error(JSON.stringify(answer))
  return answer.build
}
/** Asks until nothing is under way any more. */
const settle = async (asked: Asked): Promise<VenvAnswer> => {
  let waitedFor = asked.waitedFor ?? null
  return until(async () => {
    const answer = await ask({ ...asked, waitedFor })
    if (answer.kind !== 'building') return answer
    waitedFor = answer.build
    return null
  }, 200)
}
const fileOf = (venv: string, build: number, name: string): string => join(home, venv, '.lautta', `build.${build}`, name)
const builders: number[] = []
/** The process that builds, which is the first of its session. */
const builderOf = async (venv: string, build: number): Promise<number> => {
  const beat = await until(() => readFile(fileOf(venv, build, 'beat'), 'utf8').catch(() => ''))
  const builder = Number(beat.split(' ')[1])
  builders.push(builder)
  return builder
}
/** As if the builder had not been heard of for ten minutes. */
const makeOld = (venv: string, build: number): Promise<void> => {
  const before = Date.now() / 1000 - 600
  return utimes(fileOf(venv, build, 'beat'), before, before)
}
function signal(builder: number, name: NodeJS.Signals): void {
  try {
    process.kill(-builder, name)
  } catch {
    // ended in the meantime
  }
}
const isGone = (builder: number): boolean => {
  try {
    process.kill(-builder, 0)
    return false
  } catch {
    return true
  }
}
const packagesIn = async (venv: string): Promise<string> => {
  const script =
    'import os, sys; print(*sorted(os.listdir(next(f for f in sys.path if f.startswith(sys.prefix + "/lib/") and f.endswith("site-packages")))))'
  return (await run(join(home, venv, 'bin/python'), ['-c', script])).stdout
}

describe('a venv', () => {
  it('is built once for all who ask at the same time, and not again', async () => {
    const asked = { venv: 'once', packages: ['apple'] }
    const first = await Promise.all(Array.from({ length: 12 }, () => ask(asked)))
    expect(first).toEqual(first.map(() => ({ kind: 'building', build: 1 })))
    const built = { kind: 'ready', python: expect.stringMatching(/^Python 3\.\d+/) }
    expect(await Promise.all([1, 2].map(() => settle({ ...asked, waitedFor: 1 })))).toEqual([built, built])
    expect(await ask(asked)).toEqual({ kind: 'ready', python: null })
    expect(await readFile(join(home, 'made'), 'utf8')).toBe(`-m venv --system-site-packages ${home}/once\n`)
    expect(await packagesIn('once')).toMatch(/apple\.py/)
  })

  it('that can not be built is refused to each of two who ask in turn', async () => {
    const asked = { venv: 'in-turn', packages: ['no-such'] }
    const ended = (build: number) =>
      until(() =>
        readFile(fileOf('in-turn', build, 'ended.1'))
          .then(() => true)
          .catch(() => null)
      )
    const one = buildOf(await ask(asked))
    await ended(one)
    const other = buildOf(await ask(asked))
    await ended(other)
    await expect(ask({ ...asked, waitedFor: one })).rejects.toThrow(/No matching distribution found for no-such/)
    await expect(ask({ ...asked, waitedFor: other })).rejects.toThrow(/No matching distribution found for no-such/)
  })

  it('is built again when a package is missing that was there, or when a file of requirements changed', async () => {
    const asked = { venv: 'once', packages: ['apple'] }
    await run(join(home, 'once/bin/python'), ['-m', 'pip', 'uninstall', '--yes', '--quiet', 'apple'])
    expect(await settle(asked)).toMatchObject({ kind: 'ready', python: expect.any(String) })
    expect(await packagesIn('once')).toMatch(/apple\.py/)
    await writeFile(join(home, 'wanted.txt'), 'apple\n')
    const fromFile = { venv: 'once', packages: ['-r ~/wanted.txt'] }
    await settle(fromFile)
    expect(await ask(fromFile)).toEqual({ kind: 'ready', python: null })
    await appendFile(join(home, 'wanted.txt'), 'pear\n')
    await settle(fromFile)
    expect(await packagesIn('once')).toMatch(/apple\.py.*pear\.py/)
  })

  it('is built again with another Python, unless somebody else made it', async () => {
    expect(await settle({ venv: 'once', bin: 'other' })).toMatchObject({ kind: 'ready', python: expect.any(String) })
    expect(await ask({ venv: 'once', bin: 'other' })).toEqual({ kind: 'ready', python: null })
    await run('/usr/bin/python3', ['-m', 'venv', '--without-pip', join(home, 'own')])
    for (const bin of ['bin', 'other'] as const) {
      expect(await ask({ venv: 'own', bin })).toEqual({ kind: 'ready', python: null })
    }
  })

  it('that can not be built is told to all who waited, in the words of pip, and begun anew for who asks later', async () => {
    const asked = { venv: 'once', packages: ['plum'] }
    const waitedFor = buildOf(await ask(asked))
    for (const _ of [1, 2]) {
      await expect(settle({ ...asked, waitedFor })).rejects.toThrow(
        /could not be built: ERROR: Could not find .* plum .*\nERROR: No matching distribution found for plum$/
      )
    }
    expect(buildOf(await ask(asked))).toBe(waitedFor + 1)
    await expect(settle({ ...asked, packages: ['-r nowhere.txt'] })).rejects.toThrow(/No such file or directory: 'nowhere.txt'/)
  })

  it('waits while the disk is full, or the index of pip out of reach', async () => {
    await writeFile(join(home, 'full'), '')
    const onDisk = await settle({ venv: 'full-disk' })
    expect(onDisk).toMatchObject({ kind: 'stuck', on: 'platform-disk', reason: expect.stringMatching(/No space left on device/) })
    await rm(join(home, 'full'))
    const index = { PIP_INDEX_URL: 'http://127.0.0.1:9/simple', PIP_RETRIES: '1' }
    const outOfReach = await settle({ venv: 'once', packages: ['plum'], index })
    expect(outOfReach).toMatchObject({ kind: 'stuck', on: 'platform', reason: expect.stringMatching(/does not reach its index/) })
  })
})

describe('a build', () => {
  const begin = async (venv: string): Promise<{ build: number; builder: number }> => {
    const build = buildOf(await ask({ venv }))
    return { build, builder: await builderOf(venv, build) }
  }
  beforeEach(() => writeFile(join(home, 'hold'), ''))
  afterEach(() => {
    for (const builder of builders.splice(0)) signal(builder, 'SIGKILL')
  })

  it('ends as a whole when its builder is killed, and is taken over once that was not heard of for long', async () => {
    const { builder } = await begin('killed')
    process.kill(builder, 'SIGKILL')
    await until(() => isGone(builder))
    expect(buildOf(await ask({ venv: 'killed' }))).toBe(1)
    await makeOld('killed', 1)
    const answers = await Promise.all([1, 2].map(() => ask({ venv: 'killed' })))
    expect(answers).toEqual([1, 2].map(() => ({ kind: 'building', build: 2 })))
    await builderOf('killed', 2)
  })

  it('that was taken over while it was frozen ends itself when it goes on', async () => {
    const { builder } = await begin('frozen')
    signal(builder, 'SIGSTOP')
    await makeOld('frozen', 1)
    expect((await begin('frozen')).build).toBe(2)
    expect(isGone(builder)).toBe(false)
    signal(builder, 'SIGCONT')
    await until(() => isGone(builder))
    await rm(join(home, 'hold'))
    expect(await settle({ venv: 'frozen', waitedFor: 2 })).toMatchObject({ kind: 'ready', python: expect.any(String) })
  })

  it('whose builder dies three times is refused, until somebody asks anew', async () => {
    for (const build of [1, 2, 3]) {
      expect(buildOf(await ask({ venv: 'dying' }))).toBe(build)
      signal(await builderOf('dying', build), 'SIGKILL')
      await makeOld('dying', build)
    }
    await expect(ask({ venv: 'dying' })).rejects.toThrow(/could not be built: it was killed/)
    expect(buildOf(await ask({ venv: 'dying' }))).toBe(4)
    await builderOf('dying', 4)
  })
})
