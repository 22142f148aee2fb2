import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { logPath, logPiecePath, logTablePath } from '@lautta/core/object-names'
import { readObject } from '@lautta/object-store/read-object'
import { readTable } from '@lautta/tables/read-table'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bucket, followLog, run } from './log-steps.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-follow-'))
})
afterEach(() => rm(root, { recursive: true }))

const long = (word: string) => `${word}\n`.repeat(2000)
const noise = (bytes: number) => randomBytes(bytes).toString('latin1')
const put = (path: string, text: string) => writeFile(path, text, 'latin1')
const add = (path: string, text: string) => appendFile(path, text, 'latin1')

describe('a log of very many pieces', () => {
  const pieces = 200
  const openLog = async (change: Parameters<typeof followLog>[1]) => {
    const log = await followLog(root, change)
    for (let at = 0; at < pieces; at++) await log.ports.store.put(bucket, logPiecePath(run, 'out', 0, at), Buffer.from('.'))
    await put(log.path, `${'.'.repeat(pieces)}more`)
    return log
  }
  it('is brought less often, and more of it at a time', async () => {
    let waitedMs = 0
    const { look, brought } = await openLog((ports) => ({ ...ports, now: () => new Date(Date.now() + waitedMs) }))
    expect(await look()).toBe('nothing')
    waitedMs = 60_000
    expect(await look()).toBe('log')
    expect(await brought()).toBe(`${'.'.repeat(pieces)}more`)
  })
  it('is brought at each look while somebody follows it', async () => {
    const { look } = await openLog((ports) => ({ ...ports, findFollowed: async (_user, _run, streams) => new Set(streams) }))
    expect(await look()).toBe('log')
  })
})

describe('a log that begins anew while it is followed', () => {
  it('goes on with what is new when it was cut', async () => {
    const { path, look, brought } = await followLog(root)
    await put(path, 'first words\n')
    expect(await look()).toBe('log')
    await put(path, '')
    expect(await look()).toBe('nothing')
    await add(path, 'second\n')
    expect(await look()).toBe('log')
    await add(path, 'and more\n')
    expect(await look()).toBe('log')
    expect(await look()).toBe('nothing')
    expect(await brought()).toBe('first words\nsecond\nand more\n')
  })
  it.each([20, 20_000])('is seen although it grew beyond what it was, after %i bytes', async (bytes) => {
    const { path, look, brought } = await followLog(root)
    const [first, second] = [noise(bytes), noise(bytes + 5)]
    await put(path, first)
    await look()
    await truncate(path)
    await add(path, second)
    expect(await look()).toBe('log')
    expect((await brought()) === first + second).toBe(true)
  })
  it('is seen when another file is in its place, even one that begins in the same way', async () => {
    const { path, look, brought } = await followLog(root)
    await put(path, 'header\nline\n')
    await look()
    for (const text of ['header\nline\nline\n', 'other\n', 'header\nline\nline\n']) {
      await rename(path, `${path}.1`)
      await put(path, text)
      await look()
    }
    expect(await brought()).toBe('header\nline\nheader\nline\nline\nother\nheader\nline\nline\n')
  })
  it('is no other one because a longer copy is put in its place', async () => {
    const { path, look, brought } = await followLog(root)
    const text = noise(10_000)
    await put(path, text)
    await look()
    await put(`${path}.copy`, `${text}more`)
    await rename(`${path}.copy`, path)
    await look()
    expect((await brought()) === `${text}more`).toBe(true)
  })
  it('is seen when it is as long as it was, at the end, too', async () => {
    const { ports, path, look, end } = await followLog(root)
    await put(path, 'step 1\n')
    await look()
    await put(path, 'step 2\n')
    await utimes(path, 1, 1)
    expect(await look()).toBe('log')
    expect(await look()).toBe('nothing')
    await put(path, 'step 3\n')
    expect(await end()).toBe('all')
    expect((await readObject(ports.store, bucket, logPath(run, 'out')))?.toString()).toBe('step 1\nstep 2\nstep 3\n')
    const table = readTable((await readObject(ports.store, bucket, logTablePath(run)))!)
    expect(table.rows.map(({ rows }) => rows)).toEqual(['step 1', 'step 2', 'step 3'])
  })
  it('is what it was when it was only touched, or is gone', async () => {
    const { ports, path, look, end } = await followLog(root)
    await put(path, 'words\n')
    await look()
    await utimes(path, 1, 1)
    await look()
    await rename(path, `${path}.1`)
    await look()
    expect(await end()).toBe('all')
    expect((await readObject(ports.store, bucket, logPath(run, 'out')))?.toString()).toBe('words\n')
  })
})

describe('the log of a job that SLURM begins anew', () => {
  it('has the whole of each run, also when they print the same', async () => {
    const { path, look, brought } = await followLog(root)
    await put(path, 'hello\n')
    await look()
    await truncate(path)
    await add(path, 'hello\nworld\n')
    expect(await look(1)).toBe('log')
    await truncate(path)
    await add(path, 'hello\nworld\nagain\n')
    expect(await look(2)).toBe('log')
    expect(await brought()).toBe('hello\nhello\nworld\nhello\nworld\nagain\n')
  })
  it('has nothing twice that was seen before SLURM told of the restart', async () => {
    const { path, look, brought } = await followLog(root)
    await put(path, 'first run\n')
    await look()
    await put(path, 'second\n')
    expect(await look()).toBe('log')
    expect(await look(1)).toBe('nothing')
    await add(path, 'goes on\n')
    expect(await look(1)).toBe('log')
    await put(path, 'third\n')
    expect(await look(2)).toBe('log')
    expect(await brought()).toBe('first run\nsecond\ngoes on\nthird\n')
  })
  it('has nothing twice while the new run has not begun, or when it never does', async () => {
    const { ports, path, look, end } = await followLog(root)
    await put(path, 'first run\n')
    await look()
    expect(await look(1)).toBe('nothing')
    expect(await end(1)).toBe('all')
    expect((await readObject(ports.store, bucket, logPath(run, 'out')))?.toString()).toBe('first run\n')
  })
  it('has nothing twice when the job appends', async () => {
    const { path, look, brought } = await followLog(root)
    await put(path, long('first run'))
    await look()
    await add(path, long('second run'))
    await look(1)
    expect((await brought()) === long('first run') + long('second run')).toBe(true)
  })
})

describe('a log of any bytes', () => {
  type Step = { kind: 'add' | 'cut' | 'replace'; bytes: number } | { kind: 'look' }
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), bytes: fc.integer({ min: 8, max: 9000 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('cut' as const, 'replace' as const),
        bytes: fc.integer({ min: 8, max: 9000 })
      })
    },
    { weight: 3, arbitrary: fc.constant({ kind: 'look' as const }) }
  )
  it('is brought as it was seen, once and in its sequence, whatever happens to its file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        const folder = await mkdtemp(join(root, 'any-'))
        const { ports, path, look, end } = await followLog(folder)
        let [seen, brought, isSame] = ['', 0, true]
        const see = async (isLast: boolean) => {
          const text = await readFile(path, 'latin1').catch(() => '')
          // As long as all that was brought, it is looked at closely at the end only.
          if (text.length === seen.length && !isLast) return
          seen += isSame ? text.slice(brought) : text
          ;[brought, isSame] = [text.length, true]
        }
        for (const { kind, ...rest } of [...steps]) {
          if (kind === 'look') {
            await look()
            await see(false)
            continue
          }
          const text = noise((rest as { bytes: number }).bytes)
          if (kind === 'add') await add(path, text)
          else isSame = false
          if (kind === 'cut') await put(path, text)
          if (kind === 'replace') await put(`${path}.new`, text).then(() => rename(`${path}.new`, path))
        }
        expect(await end()).toBe('all')
        await see(true)
        const whole = (await readObject(ports.store, bucket, logPath(run, 'out')))?.toString('latin1') ?? ''
        expect(whole === seen, `${whole.length} bytes of ${seen.length}`).toBe(true)
      }),
      { numRuns: 15 }
    )
  }, 60_000)
})
