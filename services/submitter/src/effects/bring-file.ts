import { messageOf, RefusedError } from '@lautta/core/errors'
import { putVersioned } from '@lautta/object-store/put-versioned'
import { withPatience } from '@lautta/platforms/files/patience'
import { readFile } from '@lautta/platforms/files/read-file'
import { type ReadFile, readFiles } from '@lautta/platforms/files/read-files'
import { readBytes } from '@lautta/platforms/read-bytes'
import { writeLinesTable } from '@lautta/tables/lines-table'
import { type Complain, type FileToBring, shownPath } from './files-to-bring.ts'
import type { JobWork } from './job-work.ts'
import { mostSmallBytes } from './transfer-batches.ts'

// A table is made in memory. What is larger can be brought as it is, under another name.
const mostTableBytes = 16 * 1024 * 1024

/** What is brought for one order. */
export interface Bringing {
  work: JobWork
  complain: Complain
  /** The SHA-1 of what is in the store as it lay on the platform, by the path there. */
  copied: Map<string, string>
  /** Paths of which not every copy came to its place. */
  missed: Set<string>
  /** Which files are still to be brought. */
  left: Set<FileToBring>
}

/** Brings small files through one channel; those that changed meanwhile are left. */
export async function bringBatch(bringing: Bringing, batch: readonly FileToBring[]): Promise<void> {
  const { work, complain, left } = bringing
  const receive = async (read: ReadFile): Promise<void> => {
    for (const file of batch) if (file.path === read.path && left.has(file)) await putSmall(bringing, file, read)
  }
  await withPatience(async () => {
    work.order.fence()
    const paths = [...new Set(batch.filter((file) => left.has(file)).map(({ path }) => path))]
    const missing = await readFiles(work.platform.shell, paths, mostSmallBytes, receive)
    for (const file of batch) {
      const words = missing.get(file.path)
      if (typeof words !== 'string') continue
      left.delete(file)
      complain(file.index, `${shownPath(file.path)}: ${words}`)
    }
  })
}

async function putSmall(bringing: Bringing, file: FileToBring, { content, sha1 }: ReadFile): Promise<void> {
  await orComplain(bringing, file, async () => {
    await putVersioned(bringing.work.store, file.bucket, file.object, content)
    bringing.copied.set(file.path, sha1)
  })
}

/** Brings one file as a stream. */
export async function bringAlone(bringing: Bringing, file: FileToBring): Promise<void> {
  const { work, complain, copied } = bringing
  const { store, platform } = work
  await orComplain(bringing, file, async () => {
    work.order.fence()
    const { content, summary } = readFile(platform.shell, shownPath(file.path))
    const table = file.isTable ? writeLinesTable(await readBytes(content, mostTableBytes)) : null
    await putVersioned(store, file.bucket, file.object, table ?? content)
    const { sha1, hasChanged } = summary()
    if (hasChanged) complain(file.index, `${shownPath(file.path)} changed while it was copied`)
    else if (table === null) copied.set(file.path, sha1)
    else if (file.remove) complain(file.index, `${shownPath(file.path)} is not removed: what was brought are its rows`)
  })
}

/** What is wrong with one file holds up no other. */
async function orComplain({ complain, missed, left }: Bringing, file: FileToBring, bring: () => Promise<void>): Promise<void> {
  try {
    await bring()
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    complain(file.index, messageOf(error))
    missed.add(file.path)
  }
  left.delete(file)
}
