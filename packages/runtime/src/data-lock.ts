import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@lautta/core/errors'
import { identifyProcess, isAlive, type ProcessIdentity } from '@lautta/platforms/process-identity'

/** Another Lautta works on the data directory. */
export class DataLockedError extends Error {}

/**
 * Takes the data directory for this process: one standalone each. The holder is named by pid and start time in the
 * lock file with the highest number, so one that is gone, however it went, holds nothing. A taker makes the next
 * number, which succeeds once; the highest is never removed, so two takers can't count from different ones.
 */
export async function lockDataDirectory(dataDirectory: string): Promise<{ release(): Promise<void> }> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  const fileOf = (number: number) => join(dataDirectory, `lock-${number}`)
  const mine = join(dataDirectory, `.lock.${process.pid}`)
  const putMine = async (holder: ProcessIdentity | null) => writeFile(mine, JSON.stringify(holder), { mode: 0o600 })
  await putMine(await identifyProcess(process.pid))
  try {
    for (;;) {
      const numbers = await lockNumbers(dataDirectory)
      const highest = Math.max(0, ...numbers)
      const holder = await readHolder(fileOf(highest))
      if (holder !== null && (await isAlive(holder))) {
        const advice = 'end it, or set LAUTTA_DATA_DIR to another folder'
        throw new DataLockedError(`${dataDirectory} is in use by another Lautta (process ${holder.pid}); ${advice}`)
      }
      if (!(await linkOnce(mine, fileOf(highest + 1)))) continue
      await Promise.all(numbers.map((number) => rm(fileOf(number), { force: true })))
      return {
        async release() {
          await putMine(null)
          await rename(mine, fileOf(highest + 1))
        }
      }
    }
  } finally {
    await rm(mine, { force: true })
  }
}

async function lockNumbers(dataDirectory: string): Promise<number[]> {
  const names = await readdir(dataDirectory)
  return names.flatMap((name) => /^lock-(\d+)$/.exec(name)?.[1] ?? []).map(Number)
}

async function linkOnce(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

async function readHolder(path: string): Promise<ProcessIdentity | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity | null
  } catch (error) {
    // Not there, or torn by a power failure: no process holds it.
    if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return null
    throw error
  }
}
