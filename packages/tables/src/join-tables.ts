import type { Run } from '@lautta/core/object-names'
import type { Cell, Column, RowTable } from './column.ts'
import { runCells, runColumns } from './run-columns.ts'

/**
 * Tables of several runs as one, which ends with the columns that tell the run. What was a table's index becomes its
 * first column, `name`.
 */
export function joinTables(parts: readonly { run: Run; table: RowTable }[]): RowTable {
  const found = new Map<string, Column>()
  const rows: Record<string, Cell>[] = []
  for (const { run, table } of parts) {
    if (table.index !== undefined) found.set('name', { name: 'name', type: 'string' })
    for (const column of table.columns) found.set(column.name, found.get(column.name) ?? column)
    for (const [at, row] of table.rows.entries()) {
      rows.push({ ...(table.index === undefined ? {} : { name: table.index[at] ?? null }), ...row, ...runCells(run) })
    }
  }
  for (const { name } of runColumns) found.delete(name)
  return { columns: [...found.values(), ...runColumns], rows }
}
