import type { Position } from '@lautta/core/compaction/run-sequence'
import { auditPrefix, tasksPrefix } from '@lautta/core/object-names'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { listAll, listFolders } from '@lautta/object-store/read-object'
import { auditColumns } from '@lautta/tables/audit-table'
import type { Row } from '@lautta/tables/column'
import { tasksColumns } from '@lautta/tables/tasks-table'
import type { Caller } from '../authenticate.ts'
import type { TableEntry, TableFilter, TablePlan } from './table-entry.ts'

/** The tables that are kept by date. */
export const datedTableNames = ['tasks', 'audit'] as const
export type DatedTableName = (typeof datedTableNames)[number]

const dateForm = /^(\d{4}-\d{2}-\d{2})\/$/

export interface DatePlanPorts {
  store: ObjectStore
  management: Management
}

/** Finds the parts of a table that is kept by UTC date; a caller is told rows of their own, an administrator all of AUDIT. */
export async function planDates(
  { store, management }: DatePlanPorts,
  caller: Caller,
  name: DatedTableName,
  filter: TableFilter
): Promise<TablePlan> {
  const bucket = management.bucketOf(caller.user, name === 'tasks' ? 'submitter' : 'forwarder')
  const prefix = name === 'tasks' ? tasksPrefix : auditPrefix
  const first = filter.sinceMs === undefined ? '' : new Date(filter.sinceMs).toISOString().slice(0, 10)
  const dates = (await listFolders(store, bucket, prefix)).filter((folder) => {
    const [, date] = dateForm.exec(folder.slice(prefix.length)) ?? []
    return date !== undefined && date >= first
  })
  // A part of AUDIT is what concerns one user.
  const own = name === 'tasks' || caller.isAdmin ? '' : `${caller.slug}.parquet`
  const entries: TableEntry[] = []
  for (const folder of dates) {
    for (const { path } of await listAll(store, bucket, folder + own)) {
      if (!path.endsWith('.parquet')) continue
      const position: Position = [path]
      const tell = (row: Row) => (isWanted(row, caller, name, filter) ? row : null)
      entries.push({ position, bucket, path, run: null, part: null, isForeign: false, tell })
    }
  }
  return { columns: name === 'tasks' ? tasksColumns : auditColumns, entries }
}

function isWanted(row: Row, caller: Caller, name: DatedTableName, { orchestration, platform, sinceMs }: TableFilter): boolean {
  const [order, atSeconds] = name === 'tasks' ? [row.orchestration, row.ended] : [row.order, row.at]
  if (name === 'audit' && !caller.isAdmin && row.user !== caller.user) return false
  if (orchestration !== undefined && order !== orchestration) return false
  if (platform !== undefined && row.platform !== platform) return false
  return sinceMs === undefined || Number(atSeconds ?? 0) * 1000 >= sinceMs
}
