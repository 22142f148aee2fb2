import { mkdir, readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { hasCode } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import type { Observation } from '../scheduler.ts'
import { type LocalJob, makeFolderOnce, readJob, writeWhole } from './local-job.ts'
import { cancelRun, observeRun, startRunner } from './local-runs.ts'
import { chooseNext, foldUnits, type LiveUnit, type LocalUnit, placeTask, unitsOf, waitingPhase } from './local-units.ts'

// Each writes a few files.
const cancelledAtOnce = 16

/**
 * The jobs of platform `local`, one folder each, and one beside it for each task of an array that has begun. A job exists
 * from the moment in which its job.json is in place.
 */
export interface LocalJobs {
  /** The folder of a job, or of a task by its own id. */
  folderOf(name: string): string
  ids(): Promise<string[]>
  /** Makes the folder of a new job; ids are counted up. */
  makeFolder(): Promise<string>
  put(id: string, job: LocalJob): Promise<void>
  /** All that have not ended, after starting what waits for a core. */
  list(): Promise<Map<string, Observation>>
  /** Ends a job with all of its tasks, or one task by its own id. */
  cancel(name: string): Promise<void>
}

/** Jobs below a folder; `onChange` is told when one has begun, and when one that was started here has ended. */
export function createLocalJobs(folder: string, environment: Readonly<Record<string, string>>, onChange: () => void): LocalJobs {
  const folderOf = (name: string) => join(folder, name)
  // Ended jobs and tasks keep their folders for ever; each is looked at once.
  const ended = new Set<string>()
  const ids = async () => idsIn(await listNames(folder))

  const observeAll = async (): Promise<LiveUnit[]> => {
    const live: LiveUnit[] = []
    const names = await listNames(folder)
    const begun = new Set(names)
    for (const id of idsIn(names).filter((one) => !ended.has(one))) {
      const job = await readJob(folderOf(id))
      if (job === null) continue
      const before = live.length
      for (const unit of unitsOf(id, job).filter(({ name }) => !ended.has(name))) {
        const phase = begun.has(unit.name) ? await observeRun(folderOf(unit.name)) : waitingPhase
        if (phase === null) ended.add(unit.name)
        else live.push({ ...unit, ...phase })
      }
      if (live.length === before) ended.add(id)
    }
    return live
  }

  /** Starts what waits, in sequence, while there are cores. What is started twice runs once: see runner.mjs. */
  const startNext = async (): Promise<void> => {
    await Promise.all(chooseNext(await observeAll(), availableParallelism()).map(start))
  }

  // One after the other: two at once would each count cores that the other is about to take.
  let starting: Promise<void> = Promise.resolve()
  const startWaiting = (): Promise<void> => {
    starting = starting.catch(() => {}).then(startNext)
    return starting
  }

  const start = async (unit: LocalUnit): Promise<void> => {
    const own = folderOf(unit.name)
    if (unit.task !== null) {
      await makeFolderOnce(own)
      await writeWhole(join(own, 'job.json'), JSON.stringify(placeTask(unit)))
    }
    await startRunner(own, environment, onChange, startWaiting)
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
      return foldUnits(await observeAll())
    },
    async cancel(name) {
      const [id = ''] = name.split('_')
      const job = await readJob(folderOf(id))
      const units =
        job === null ? [] : unitsOf(id, job).filter((unit) => (unit.name === name || id === name) && !ended.has(unit.name))
      await mapLimited(units, cancelledAtOnce, async (unit) => {
        // One that has not begun has no folder yet.
        if (unit.task !== null) await makeFolderOnce(folderOf(unit.name))
        await cancelRun(folderOf(unit.name))
      })
    }
  }
}

async function listNames(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    // A folder that can't be read is not one without jobs.
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
}

function idsIn(names: readonly string[]): string[] {
  return names.filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(a) - Number(b))
}
