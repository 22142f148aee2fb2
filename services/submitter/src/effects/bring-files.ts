import { RefusedError } from '@lautta/core/errors'
import { removeUnchanged } from '@lautta/platforms/files/remove-files'
import { type Bringing, bringAlone, bringBatch } from './bring-file.ts'
import { type FileToBring, listFilesToBring, shownPath } from './files-to-bring.ts'
import type { JobWork, PerformEffect } from './job-work.ts'
import { gatherBatches, splitBySize, transferAll } from './transfer-batches.ts'

// Of many files a few are named.
const mostNamed = 5

/** Brings the files that the order asks for into the object store; one that is missing is told, and no failure. */
export const bringFiles: PerformEffect = async (work) => {
  const complaints = new Map<number, string[]>()
  const complain = (index: number, words: string): void => {
    complaints.set(index, [...(complaints.get(index) ?? []), words])
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
  const removable = files.filter(({ remove, path }) => remove && copied.has(path) && !missed.has(path))
  const sha1s = new Map(removable.map(({ path }) => [path, copied.get(path) ?? '']))
  try {
    // Who holds the lease by now may be bringing them.
    const changed = await removeUnchanged(work.platform.shell, sha1s, () => void work.order.fence())
    for (const { index, path } of removable) {
      if (changed.includes(path)) complain(index, `${shownPath(path)} is not removed: it changed while it was copied`)
    }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    for (const index of new Set(removable.map((file) => file.index))) complain(index, error.message)
  }
}

async function tell({ notice }: JobWork, complaints: ReadonlyMap<number, readonly string[]>): Promise<void> {
  for (const [index, words] of [...complaints].toSorted(([one], [other]) => one - other)) {
    const more = words.length > mostNamed ? `; and ${words.length - mostNamed} more` : ''
    await notice(`files.get[${index}]: ${words.slice(0, mostNamed).join('; ')}${more}`)
  }
}
