import type { RunTableName } from '../../packages/core/src/compaction/run-tables.ts'
import type { Row } from '../../packages/tables/src/column.ts'
import { planRuns, type RunPlanPorts } from '../../services/forwarder/src/tables/plan-runs.ts'
import { createPlanReader } from '../../services/forwarder/src/tables/read-plan.ts'
import { readCursor } from '../../services/forwarder/src/tables/table-cursor.ts'
import type { TableFilter } from '../../services/forwarder/src/tables/table-entry.ts'
import { writeJson } from '../../services/forwarder/src/tables/write-json.ts'

/** Reads a table as the API answers it in JSON, in parts of so many rows. */
export async function readTablePlan(
  ports: RunPlanPorts,
  user: string,
  table: RunTableName,
  filter: TableFilter = {},
  limit = 10_000
): Promise<{ items: Row[]; warnings: string[]; useless: string[] }> {
  const items: Row[] = []
  const warnings: string[] = []
  const useless: string[] = []
  let cursor: string | undefined
  do {
    const plan = await planRuns(ports, user, table, filter)
    const told: string[] = []
    const reader = createPlanReader(ports.store, plan, {
      onLeftOut: (path) => told.push(path),
      onUseless: (path) => useless.push(path)
    })
    const given = readCursor(cursor)
    let text = ''
    const page = { columns: plan.columns, limit, given, warnings: told }
    for await (const piece of writeJson(reader.read(given), page)) text += piece
    const answer = JSON.parse(text) as { items: Row[]; next: string | null; warnings: string[] }
    items.push(...answer.items)
    warnings.push(...answer.warnings)
    cursor = answer.next ?? undefined
  } while (cursor !== undefined)
  return { items, warnings: [...new Set(warnings)].sort(), useless }
}
