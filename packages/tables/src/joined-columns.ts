import type { RunTableName } from '@lautta/core/compaction/run-tables'
import type { Run } from '@lautta/core/object-names'
import { type Cell, type Column, type ColumnType, columns, type Row } from './column.ts'
import { logColumns } from './log-table.ts'
import { runCells, runColumns } from './run-columns.ts'
import { sacctColumns } from './sacct-table.ts'
import { timesColumns } from './times-table.ts'
import { usageColumns } from './usage-table.ts'

const runColumnNames = new Set(runColumns.map(({ name }) => name))
const withoutRun = (all: readonly Column[]): Column[] => all.filter(({ name }) => !runColumnNames.has(name))

/** The columns that every joined table of this version has; they end with those of the run. */
export const joinedColumns: Readonly<Record<RunTableName, readonly Column[]>> = {
  sacct: [...withoutRun(sacctColumns), ...runColumns],
  usage: [...usageColumns, ...runColumns],
  // `path` tells the file of a row that is of no run of ours.
  times: [...columns('string', 'name'), ...timesColumns, ...columns('string', 'path'), ...runColumns],
  logs: [...logColumns, ...runColumns]
}

/** Columns of several tables together; where they differ in type, one that holds both. If the first ends with the run's, all do. */
export function uniteColumns(...tables: readonly (readonly Column[])[]): Column[] {
  const found = new Map<string, ColumnType>()
  for (const { name, type } of tables.flat()) found.set(name, widen(found.get(name) ?? type, type))
  const united = [...found].map(([name, type]) => ({ name, type }))
  const isOfRuns = tables[0]?.at(-1)?.name === runColumns.at(-1)?.name
  return isOfRuns ? [...withoutRun(united), ...runColumns] : united
}

/** A row as it stands in a joined table. */
export function joinRow(row: Row, run: Run): Row {
  return { ...row, ...runCells(run) }
}

/** A row with every column of a table, null where it has none, and what else it has. */
export function fillRow(table: readonly Column[], row: Row): Row {
  const filled: Record<string, Cell> = {}
  for (const { name } of table) filled[name] = row[name] ?? null
  for (const [name, cell] of Object.entries(row)) if (cell !== null) filled[name] = cell
  return filled
}

function widen(a: ColumnType, b: ColumnType): ColumnType {
  if (a === b) return a
  return a === 'string' || b === 'string' ? 'string' : 'double'
}
