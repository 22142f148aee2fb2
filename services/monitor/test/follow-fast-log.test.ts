import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UnavailableError } from '@lautta/core/errors'
import { logPath } from '@lautta/core/object-names'
import { listLogPieces } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { readObject } from '@lautta/object-store/read-object'
import type { LogReader } from '@lautta/platforms/log-reader'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { mostLookBytes } from '../src/collect-log.ts'
import type { CollectPorts } from '../src/collect-run.ts'
import { bucket, followLog, run } from './log-steps.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-fast-log-'))
})
afterEach(() => rm(root, { recursive: true }))

const mebibyte = 1024 * 1024

/** The same platform, with what its logs are read by changed. */
function withReader(ports: CollectPorts, change: (reader: LogReader) => Partial<LogReader>): CollectPorts {
  return {
    ...ports,
    async connect(...who) {
      const platform = await ports.connect(...who)
      return { ...platform, logs: { ...platform.logs, ...change(platform.logs) } }
    }
  }
}

const wholeOf = async (store: ObjectStore) => (await readObject(store, bucket, logPath(run, 'out'))) ?? Buffer.alloc(0)

describe('a log that grows fast', () => {
  it('has its place for one look at a time, and all comes that was there at first', async () => {
    let places = 0
    const path = join(root, 'log')
    const log = await followLog(root, (ports) => ({
      ...ports,
      async inPlace(user, work) {
        // It grows before each look but the first, by as much as a look brings.
        if (++places > 2 && places < 6) await truncate(path, places * mostLookBytes)
        return ports.inPlace(user, work)
      }
    }))
    await writeFile(path, '')
    await truncate(path, mostLookBytes + 5)
    expect(await log.look()).toBe('log')
    // One for the status, two for looks, one for what its project has used: what came since the first one is for the next time.
    expect(places).toBe(4)
    const pieces = await listLogPieces(log.ports.store, bucket, run, 'out')
    expect(pieces.every(({ usedBytes }) => usedBytes <= 4 * mebibyte)).toBe(true)
    const last = pieces.at(-1)!
    expect(last.offset + last.usedBytes).toBe(2 * mostLookBytes)
  }, 60_000)
  it('is brought without a gap while somebody writes it', async () => {
    const { ports, path, look, end, brought } = await followLog(root)
    const writer = spawn('sh', ['-c', 'n=0; while [ $n -lt 40000 ]; do n=$((n + 1)); echo "line $n"; done >"$1"', 'sh', path])
    const ended = new Promise((resolve) => writer.once('exit', resolve))
    await until(async () => (await look()) === 'log')
    for (let at = 0; at < 4; at++) await look()
    const early = await brought()
    expect((await readFile(path, 'latin1')).startsWith(early)).toBe(true)
    await ended
    expect(await end()).toBe('all')
    expect((await wholeOf(ports.store)).equals(await readFile(path))).toBe(true)
  })
})

describe('a look that is cut short', () => {
  it('leaves what it brought, and the next one goes on behind it', async () => {
    let left = 2
    const cut: (reader: LogReader) => Partial<LogReader> = (reader) => ({
      async *read(...asked) {
        for await (const piece of reader.read(...asked)) {
          if (left-- === 0) throw new UnavailableError('the connection broke')
          yield piece
        }
      }
    })
    const { ports, path, look, end } = await followLog(root, (one) => withReader(one, cut))
    const bytes = randomBytes(11 * mebibyte)
    await writeFile(path, bytes)
    await expect(look()).rejects.toThrow('the connection broke')
    const there = await listLogPieces(ports.store, bucket, run, 'out')
    expect(there.map(({ offset }) => offset)).toEqual([0, 4 * mebibyte])
    left = Number.POSITIVE_INFINITY
    expect(await look()).toBe('log')
    const all = await listLogPieces(ports.store, bucket, run, 'out')
    expect(all.map(({ usedBytes }) => usedBytes)).toEqual([4 * mebibyte, 4 * mebibyte, 3 * mebibyte])
    expect(await end()).toBe('all')
    expect((await wholeOf(ports.store)).equals(bytes)).toBe(true)
  })
  it('costs nothing when the file became shorter while it was read', async () => {
    const change: (reader: LogReader) => Partial<LogReader> = (reader) => ({
      async look(paths) {
        const states = await reader.look(paths)
        if ((await readFile(path, 'latin1')).startsWith('first')) await writeFile(path, 'second\n')
        return states
      }
    })
    const { ports, path, look, end } = await followLog(root, (one) => withReader(one, change))
    await writeFile(path, 'first words, and many of them\n')
    await expect(look()).rejects.toThrow('it became shorter')
    expect(await look()).toBe('log')
    await appendFile(path, 'third\n')
    expect(await end()).toBe('all')
    expect((await wholeOf(ports.store)).toString()).toBe('second\nthird\n')
  })
})

describe('a monitor that is killed before any of its writes', () => {
  const dying = (store: ObjectStore, writes: number): ObjectStore => {
    let left = writes
    const write = <Result>(perform: () => Promise<Result>) => (left-- > 0 ? perform() : Promise.reject(new Error('killed')))
    return { ...store, put: (...args) => write(() => store.put(...args)) }
  }
  it('has lost nothing, and brings nothing twice, of a log that began anew', async () => {
    const first = randomBytes(5000)
    const second = randomBytes(4 * mebibyte + 10)
    for (let writes = 0, isKilled = true; isKilled; writes++) {
      const folder = await mkdtemp(join(root, 'killed-'))
      const { ports, path, look, brought } = await followLog(folder)
      await writeFile(path, first)
      await look()
      await truncate(path)
      await appendFile(path, second)
      const mortal = await followLog(folder, (one) => ({ ...one, store: dying(one.store, writes) }))
      const result = await mortal.look().catch((error: Error) => error.message)
      isKilled = result === 'killed'
      expect(result).toBe(writes < 2 ? 'killed' : 'log')
      await look()
      expect(await brought()).toBe(Buffer.concat([first, second]).toString('latin1'))
      expect(await listLogPieces(ports.store, bucket, run, 'out')).toHaveLength(3)
    }
  })
})
