import { comparePositions, type Position } from '@lautta/core/compaction/run-sequence'
import { messageOf } from '@lautta/core/errors'
import { mapAhead } from '@lautta/core/map-ahead'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { Column, Row } from '@lautta/tables/column'
import { uniteColumns } from '@lautta/tables/joined-columns'
import { describeTable, readRowGroups } from '@lautta/tables/read-row-groups'
import { Problem } from '../problem.ts'
import { fetchTable, smallBytes, type TableBytes } from './fetch-table.ts'
import { isUnreadable } from './is-unreadable.ts'
import { openParts } from './open-parts.ts'
import type { TableEntry, TablePlan } from './table-entry.ts'

// Objects that are asked for before their turn.
const mostAhead = 8
// Of small objects that were fetched for their columns, so that they are not fetched again for their rows.
const keptBytes = 32 * 1024 * 1024

/** Rows that follow each other in one object. */
export interface EntryRows {
  entry: TableEntry
  rows: Row[]
}

/** Where a former answer ended: so many rows of the object at that place were given. */
export interface Resume {
  position: Position
  rows: number
}

/** Who hears of what is wrong with an object. */
export interface PlanListeners {
  /** It is not in the answer, or not to its end. */
  onLeftOut(path: string, why: string): void
  /** It holds what other objects hold as well: nothing is missing. */
  onUseless(path: string, why: string): void
}

/** Reads a planned table, in its sequence and in memory that does not grow with it. What can't be read is told and left out. */
export function createPlanReader(store: ObjectStore, plan: TablePlan, { onLeftOut, onUseless }: PlanListeners) {
  const leftOut = new Set<TableEntry>()
  const kept = new Map<TableEntry, TableBytes>()
  const rowsInPart = openParts(store, plan.entries, onUseless)
  let isTold = false

  const leaveOut = (entry: TableEntry, error: unknown): void => {
    if (!isUnreadable(error)) throw error
    // When the answer has begun, that something is missing could not be told any more: then it must not look whole.
    if (isTold) {
      const hint = 'ask for JSON, which leaves it out, or for other orders'
      throw new Problem(500, `${entry.path} can not be read to its end: ${messageOf(error)}`, { hint })
    }
    if (!leftOut.has(entry)) onLeftOut(entry.path, messageOf(error))
    leftOut.add(entry)
  }

  const fetch = async (entry: TableEntry): Promise<TableBytes | null> => {
    try {
      return kept.get(entry) ?? (await fetchTable(store, entry.bucket, entry.path))
    } catch (error) {
      leaveOut(entry, error)
      return null
    }
  }

  async function* readObject(entry: TableEntry, bytes: TableBytes): AsyncGenerator<Row[]> {
    try {
      const content = await bytes.readAll()
      if (entry.isForeign && describeTable(content).isOurs) return
      for await (const rows of readRowGroups(content)) yield tell(entry, rows)
    } catch (error) {
      leaveOut(entry, error)
    }
  }

  return {
    /** All columns that the rows have, before any of them is read; what is left out is told by then, and nothing later. */
    async findColumns(): Promise<Column[]> {
      const parts = new Map(plan.entries.flatMap(({ part }) => (part === null ? [] : [[part.path, part.columns] as const])))
      const found: (readonly Column[])[] = [plan.columns, ...parts.values()]
      const own = plan.entries.filter(({ part }) => part === null)
      let leftBytes = keptBytes
      for await (const { entry, bytes } of mapAhead(own, mostAhead, async (one) => ({ entry: one, bytes: await fetch(one) }))) {
        if (bytes === null) continue
        try {
          const { columns, isOurs } = describeTable(await bytes.readEnd())
          // Of a small one it is also known now that its rows can be read.
          if (bytes.usedBytes <= smallBytes) await checkRows(await bytes.readAll())
          if (!entry.isForeign || !isOurs) found.push(columns)
        } catch (error) {
          leaveOut(entry, error)
          continue
        }
        const heldBytes = bytes.usedBytes <= smallBytes ? bytes.usedBytes : 0
        if (heldBytes > leftBytes) continue
        leftBytes -= heldBytes
        kept.set(entry, bytes)
      }
      isTold = true
      return uniteColumns(...found)
    },

    /** The rows, from the beginning or from where a former answer ended. */
    async *read(resume: Resume | null): AsyncGenerator<EntryRows> {
      const entries = plan.entries.filter(
        (entry) => !leftOut.has(entry) && (resume === null || comparePositions(entry.position, resume.position) >= 0)
      )
      const begin = async (entry: TableEntry) => {
        const joined = entry.part === null || entry.run === null ? null : await rowsInPart(entry.part, entry.run)
        return { entry, joined, bytes: joined === null ? await fetch(entry) : null }
      }
      for await (const { entry, joined, bytes } of mapAhead(entries, mostAhead, begin)) {
        kept.delete(entry)
        let skip = resume !== null && comparePositions(entry.position, resume.position) === 0 ? resume.rows : 0
        const batches = joined !== null ? [tell(entry, joined)] : bytes === null ? [] : readObject(entry, bytes)
        for await (const batch of batches) {
          const rows = batch.slice(skip)
          skip -= batch.length - rows.length
          if (rows.length > 0) yield { entry, rows }
        }
      }
    }
  }
}

async function checkRows(content: Uint8Array): Promise<void> {
  const groups = readRowGroups(content)
  while ((await groups.next()).done !== true);
}

function tell(entry: TableEntry, rows: readonly Row[]): Row[] {
  return rows.map(entry.tell).filter((row) => row !== null)
}
