import { RefusedError } from '@lautta/core/errors'
import { removeUnchanged } from '@lautta/platforms/files/remove-files'
import { type Bringing, bringAlone, bringBatch } from './bring-file.ts'
import { type FileToBring, listFilesToBring, shownPath } from './files-to-bring.ts'
import type { JobWork, PerformEffect } from './job-work.ts'
import { gatherBatches, splitBySize, transferAll } from './transfer-batches.ts'

// Of many files a few are named.
const mostNamed = 5

/** What is told of one entry. */
interface Complaints {
  first: string[]
  count: number
}

/** Brings the files that the order asks for into the object store; one that is missing is told, and no failure. */
export const bringFiles: PerformEffect = async (work) => {
  const complaints = new Map<number, Complaints>()
  const complain = (index: number, words: string): void => {
    const told = complaints.get(index) ?? { first: [], count: 0 }
    complaints.set(index, told)
    told.count++
    if (told.first.length < mostNamed) told.first.push(words)
  }
  const files = await listFilesToBring(work, complain)
  const bringing: Bringing = { work, complain, copied: new Map(), missed: new Set(), left: new Set(files) }
  const { small } = splitBySize(files.filter(({ isTable }) => !isTable))
  await transferAll(
    gatherBatches(small, () => ''),
    (batch) => bringBatch(bringing, batch)
  )
  // What is large, and what changed while a batch was read.
  await transferAll([...bringing.left], (file) => bringAlone(bringing, file))
  await removeCopied(bringing, files)
  await tell(work, complaints)
  return { type: 'filesBrought' }
}

/** Removes what was copied and is as it was; last of all, since another entry may get the same file. */
async function removeCopied({ work, copied, missed, complain }: Bringing, files: readonly FileToBring[]): Promise<void> {
  const removable = new Map<string, FileToBring & { sha1: string }>()
  for (const file of files) {
    const sha1 = copied.get(file.path)
    if (file.remove && sha1 !== undefined && !missed.has(file.path)) removable.set(file.path, { ...file, sha1 })
  }
  for (const batch of gatherBatches([...removable.values()], () => '')) {
    try {
      // Who holds the lease by now may be bringing them.
      work.order.fence()
      const changed = await removeUnchanged(work.platform.shell, batch)
      for (const { index, path } of batch) {
        if (changed.has(path)) complain(index, `${shownPath(path)} is not removed: it changed while it was copied`)
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      for (const index of new Set(batch.map((file) => file.index))) complain(index, error.message)
    }
  }
}

async function tell({ notice }: JobWork, complaints: ReadonlyMap<number, Complaints>): Promise<void> {
  for (const [index, { first, count }] of [...complaints].toSorted(([one], [other]) => one - other)) {
    const more = count > first.length ? `; and ${count - first.length} more` : ''
    await notice(`files.get[${index}]: ${first.join('; ')}${more}`)
  }
}
