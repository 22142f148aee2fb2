import { messageOf, RefusedError } from '@lautta/core/errors'
import { compileGlob } from '@lautta/core/glob'
import { slurmJobIdOf } from '@lautta/core/job/job'
import { mapLimited } from '@lautta/core/map-limited'
import { complaintAboutPath, trimObjectPath } from '@lautta/core/object-path'
import type { Get } from '@lautta/core/orchestration/dictionary'
import { readPlace } from '@lautta/core/orchestration/direction'
import { type FoundFile, findFiles } from '@lautta/platforms/files/find-files'
import { readRayPlace } from '@lautta/platforms/ray-place'
import type { JobWork } from './job-work.ts'

/** A file that an order gets. */
export interface FileToBring {
  /** Of its entry in `files.get`. */
  index: number
  /** On the platform, as scripts take it. */
  path: string
  usedBytes: number
  bucket: string
  object: string
  /** Its text goes as a table. */
  isTable: boolean
  remove: boolean
}

/** A path for people, and for whoever takes any path: below the home as the order has it. */
export function shownPath(path: string): string {
  return path.replace(/^\.\/(?!~)/, '')
}

/** Told at the end, entry by entry: no complaint about a file changes an outcome. */
export type Complain = (index: number, words: string) => void

const entriesAtOnce = 2
const taskMark = '{1}'

/** What an order gets, file by file, as it lies on the platform now. */
export async function listFilesToBring(work: JobWork, complain: Complain): Promise<FileToBring[]> {
  const entries = [...work.part.files.get.entries()]
  const listed = await mapLimited(entries, entriesAtOnce, async ([index, entry]) => {
    try {
      return await listEntry(work, index, entry, complain)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      complain(index, error.hint === undefined ? messageOf(error) : `${messageOf(error)} (${error.hint})`)
      return []
    }
  })
  return keepOneSource(listed.flat(), complain)
}

/** Of several files for one object the first is brought: the others would be nowhere once they were removed. */
function keepOneSource(files: readonly FileToBring[], complain: Complain): FileToBring[] {
  const sources = new Map<string, string>()
  return files.filter(({ index, path, bucket, object }) => {
    const key = JSON.stringify([bucket, object])
    const source = sources.get(key) ?? path
    sources.set(key, source)
    if (source !== path) complain(index, `${shownPath(path)} is passed over: ${object} is ${shownPath(source)} already`)
    return source === path
  })
}

/** Whether other jobs of the order may still write what they all get: the last one removes it. */
function isForOthers({ order, job }: JobWork): boolean {
  return order.status.jobs.some(
    ({ index, state }) => index !== job.index && !['declared', 'finishing', 'finished'].includes(state.kind)
  )
}

async function listEntry(work: JobWork, index: number, { transfer, remove }: Get, complain: Complain): Promise<FileToBring[]> {
  const { source, target } = transfer
  const place = readPlace(target.place)
  if (place?.kind !== 'store') throw new RefusedError(`${target.place} can not be a target`)
  const id = slurmJobIdOf(work.job) ?? ''
  // Seed 000: {0} is SLURM's id; of a Ray job, that of its cluster's job.
  const fill = (path: string) => path.replaceAll('{0}', readRayPlace(id)?.cluster ?? id)
  const from = fill(source.path)
  const to = trimObjectPath(fill(target.path))
  if (to.includes(taskMark) && !from.includes(taskMark))
    throw new RefusedError(`the target has ${taskMark}, and the source has none`)
  const { files, complaints } = await findFiles(work.platform.shell, from, remove ? 'not followed' : 'followed')
  for (const words of complaints) complain(index, words)
  if (files.length === 0) complain(index, `no file matches ${from}`)
  // What has the job's id in its name is its own.
  const isKept = remove && !source.path.includes('{0}') && isForOthers(work)
  if (isKept && files.length > 0) complain(index, 'nothing is removed yet: another job of the order has not ended')
  const isFolder = isIntoFolder(from, to)
  const bucket = work.management.bucketOf(work.user, place.target)
  return files.flatMap(({ path, usedBytes, below, task }): FileToBring[] => {
    const object = objectOf(to, isFolder, { below, task })
    const complaint = complaintAboutPath(object)
    if (complaint !== null) {
      complain(index, `${JSON.stringify(below)} is passed over: ${complaint}`)
      return []
    }
    return [
      { index, path, usedBytes, bucket, object, isTable: !isFolder && object.endsWith('.parquet'), remove: remove && !isKept }
    ]
  })
}

/** Where several files may come, the target is a folder: unless the task alone tells them apart, and the target names it. */
function isIntoFolder(source: string, target: string): boolean {
  if (target.endsWith('/')) return true
  const isPattern = compileGlob(source) !== null
  const isTaskAlone = compileGlob(source.replaceAll(taskMark, '0')) === null
  return isPattern && !(isTaskAlone && target.includes(taskMark))
}

function objectOf(target: string, isFolder: boolean, { below, task }: Pick<FoundFile, 'below' | 'task'>): string {
  const filled = target.replaceAll(taskMark, task ?? '')
  return isFolder ? `${filled.replace(/\/$/, '')}/${below}` : filled
}
