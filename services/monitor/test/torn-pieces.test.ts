import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { logPath } from '@lautta/core/object-names'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { readObject } from '@lautta/object-store/read-object'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectRun } from '../src/collect-run.ts'
import { bucket, followLog, run } from './log-steps.ts'
import { freezeAt } from './troubled-store.ts'

const message = { user: 'u', ...run }
const letters = 'abcdefghijklmnopqrstuvwxyz'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-torn-'))
})
afterEach(() => rm(root, { recursive: true }))

const logOf = async (store: ObjectStore) => (await readObject(store, bucket, logPath(run, 'out')))?.toString()

describe('a log that grows', () => {
  it('is whole when a monitor stands still anywhere, while others bring more', async () => {
    for (let number = 1, wasFrozen = true; wasFrozen; number++) {
      const log = await followLog(await mkdtemp(join(root, 'still-')))
      const { store } = log.ports
      const grow = (length: number) => writeFile(log.path, letters.slice(0, length))
      await grow(3)
      await log.look()
      await grow(6)
      const still = freezeAt(store, number, async () => {
        for (const length of [10, 15]) {
          await grow(length)
          await log.look()
        }
      })
      await collectRun({ ...log.ports, store: still.store }, message)
      await grow(26)
      await log.look()
      expect(await log.brought(), `stood still before operation ${number}`).toBe(letters)
      expect(await log.end()).toBe('all')
      expect(await logOf(store)).toBe(letters)
      wasFrozen = still.wasFrozen()
    }
  })

  it.each([[[1]], [[2]], [[1, 2]], [[0, 1]], [[0, 1, 2]]])(
    'is whole when the storage does not list pieces %j yet',
    async (late) => {
      let isLate = false
      const listLate = (store: ObjectStore): ObjectStore => ({
        ...store,
        async list(...asked) {
          const listed = await store.list(...asked)
          const hidden = new Set(late.map((at) => ['000', '003', '006'][at]))
          return isLate ? { ...listed, objects: listed.objects.filter(({ path }) => !hidden.has(path.slice(-3))) } : listed
        }
      })
      const log = await followLog(root, (ports) => ({ ...ports, store: listLate(ports.store) }))
      for (const length of [3, 6, 10]) {
        await writeFile(log.path, letters.slice(0, length))
        await log.look()
      }
      isLate = true
      await writeFile(log.path, letters)
      await log.look()
      isLate = false
      expect(await log.brought()).toBe(letters)
      isLate = true
      expect(await log.end()).toBe('all')
      expect(await logOf(log.ports.store)).toBe(letters)
    }
  )
})
