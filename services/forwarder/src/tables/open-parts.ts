import { createHash } from 'node:crypto'
import { messageOf } from '@lautta/core/errors'
import { type Run, runName } from '@lautta/core/object-names'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { readObject } from '@lautta/object-store/read-object'
import type { Row } from '@lautta/tables/column'
import { readPart } from '@lautta/tables/read-part'
import { isUnreadable } from './is-unreadable.ts'
import type { TableEntry } from './table-entry.ts'

// Those before are not asked for again: parts follow each other as the runs do.
const mostOpen = 2

type Part = NonNullable<TableEntry['part']>

/** Rows of joined tables, by run. One that is not what was written answers null: then the runs' own objects are read. */
export function openParts(
  store: ObjectStore,
  entries: readonly TableEntry[],
  onUseless: (path: string, why: string) => void
): (part: Part, run: Run) => Promise<readonly Row[] | null> {
  const open = new Map<string, Promise<Map<string, Row[]> | null>>()
  const orders = new Set(entries.flatMap(({ run }) => (run === null ? [] : [run.id])))

  const read = async ({ bucket, path, name }: Part): Promise<Map<string, Row[]> | null> => {
    try {
      const content = await readObject(store, bucket, path)
      if (content === null) throw new Error('it is not there')
      if (createHash('sha256').update(content).digest('hex') !== name) throw new Error('it has other bytes than were written')
      return await readPart(content, orders)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      onUseless(path, messageOf(error))
      return null
    }
  }

  return async (part, run) => {
    const reading = open.get(part.path) ?? read(part)
    // The least recently used goes first.
    open.delete(part.path)
    open.set(part.path, reading)
    for (const oldest of open.keys()) {
      if (open.size <= mostOpen) break
      open.delete(oldest)
    }
    const rows = await reading
    return rows === null ? null : (rows.get(runName(run)) ?? [])
  }
}
