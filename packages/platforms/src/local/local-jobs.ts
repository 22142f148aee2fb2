import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { link, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasCode } from '@lautta/core/errors'
import { isAlive } from '../process-identity.ts'
import type { Observation } from '../scheduler.ts'
import { identityOf, type LocalEnd, type LocalJob, type LocalRun, readEnd, readJob, readRun } from './local-job.ts'
import { sweepLostJob } from './sweep-lost-job.ts'

const runnerPath = fileURLToPath(new URL('./runner.mjs', import.meta.url))

/** The jobs of platform `local`, one folder each. A job exists from the moment in which its job.json is in place. */
export interface LocalJobs {
  folderOf(id: string): string
  ids(): Promise<string[]>
  /** Makes the folder of a new job; ids are counted up. */
  makeFolder(): Promise<string>
  put(id: string, job: LocalJob): Promise<void>
  /** All that have not ended, after starting what waits for a core. */
  list(): Promise<Map<string, Observation>>
  cancel(id: string): Promise<void>
}

/** Jobs below a folder; `onChange` is told when one has begun, and when one that was started here has ended. */
export function createLocalJobs(folder: string, environment: Readonly<Record<string, string>>, onChange: () => void): LocalJobs {
  const folderOf = (id: string) => join(folder, id)
  // Ended jobs keep their folders for ever; each is looked at once.
  const ended = new Set<string>()

  const ids = () => listIds(folder)

  /** Where a job is; null when it has ended. What a killed runner left is ended here, so the evidence is written once. */
  const observe = async (id: string, job: LocalJob): Promise<Observation | null> => {
    const run = await readRun(folderOf(id))
    const runs = run !== null && (await isAlive(run))
    // Read after the process was looked at: it may have ended in between.
    if ((await readEnd(folderOf(id))) !== null) return null
    const identity = identityOf(job)
    if (run === null) return { phase: 'pending', reason: 'Resources', startedAt: null, ...identity }
    if (runs) return { phase: 'running', reason: null, startedAt: run.startedAt, ...identity }
    await sweepLostJob(run)
    await writeEnd(folderOf(id), run.pid === nobody ? 'cancelled' : 'lost', run.startedAt)
    return null
  }

  const observeAll = async (): Promise<Map<string, Observation>> => {
    const jobs = new Map<string, Observation>()
    for (const id of (await ids()).filter((one) => !ended.has(one))) {
      const job = await readJob(folderOf(id))
      if (job === null) continue
      const observation = await observe(id, job)
      if (observation === null) ended.add(id)
      else jobs.set(id, observation)
    }
    return jobs
  }

  /** Starts what waits, in sequence, while there are cores. A job that is started twice runs once: see runner.mjs. */
  const startNext = async (): Promise<void> => {
    const jobs = [...(await observeAll())]
    const running = jobs.filter(([, { phase }]) => phase === 'running').length
    const waiting = jobs.filter(([, { phase }]) => phase === 'pending').slice(0, Math.max(0, availableParallelism() - running))
    await Promise.all(waiting.map(([id]) => startRunner(folderOf(id))))
  }

  // One after the other: two at once would each count cores that the other is about to take.
  let starting: Promise<void> = Promise.resolve()
  const startWaiting = (): Promise<void> => {
    starting = starting.catch(() => {}).then(startNext)
    return starting
  }

  const startRunner = async (jobFolder: string): Promise<void> => {
    const log = openSync(join(jobFolder, 'runner.log'), 'a', 0o600)
    const runner = spawn(process.execPath, [runnerPath, jobFolder], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...environment }
    })
    closeSync(log)
    runner.unref()
    const over = new Promise<void>((resolve) => runner.once('exit', () => resolve()).once('error', () => resolve()))
    over
      .then(onChange)
      // One that never began is tried again with the next listing, not at once: perhaps the disk is full.
      .then(async () => ((await readRun(jobFolder)) === null ? undefined : startWaiting()))
      .catch(() => {})
    const hasEnded = () => runner.exitCode !== null || runner.signalCode !== null
    while (!hasEnded() && (await readRun(jobFolder)) === null) await Promise.race([over, pause(5)])
    onChange()
  }

  return {
    folderOf,
    ids,
    async makeFolder() {
      await mkdir(folder, { recursive: true })
      for (let id = Number((await ids()).at(-1) ?? 0) + 1; ; id++) {
        if (await makeFolderOnce(folderOf(String(id)))) return String(id)
      }
    },
    async put(id, job) {
      await writeWhole(join(folderOf(id), 'job.json'), JSON.stringify(job))
      // Not waited for: what can't be started now is tried again with the next listing.
      startWaiting().catch(() => {})
    },
    async list() {
      await startWaiting()
      return observeAll()
    },
    async cancel(id) {
      if (await claimForNobody(folderOf(id))) return writeEnd(folderOf(id), 'cancelled', null)
      const run = await readRun(folderOf(id))
      if (run !== null && (await isAlive(run))) process.kill(run.pid, 'SIGTERM')
    }
  }
}

async function listIds(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    // A folder that can't be read is not one without jobs.
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  return names.filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(a) - Number(b))
}

/** mkdir succeeds once: true for the first who asks. */
export async function makeFolderOnce(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** A file that is there whole or not at all. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const fresh = `${path}.${randomUUID()}`
  await writeFile(fresh, content, { mode: 0o600, flush: true })
  await rename(fresh, path)
}

const nobody = 0

/** Takes the claim that a runner would take, so that a waiting job can't start any more; false when one has it. */
async function claimForNobody(jobFolder: string): Promise<boolean> {
  const claim = join(jobFolder, 'run.cancel')
  const run: LocalRun = { pid: nobody, startTicks: 0, bootId: '', mark: '', startedAt: new Date().toISOString() }
  await writeFile(claim, JSON.stringify(run))
  try {
    await link(claim, join(jobFolder, 'run.json'))
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(claim, { force: true })
  }
}

function writeEnd(jobFolder: string, why: LocalEnd['why'], startedAt: string | null): Promise<void> {
  const nothing = { exitCode: null, signal: null, cpuSeconds: null, peakMemoryBytes: null }
  const end: LocalEnd = { why, startedAt, endedAt: new Date().toISOString(), ...nothing }
  return writeWhole(join(jobFolder, 'end.json'), JSON.stringify(end))
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
