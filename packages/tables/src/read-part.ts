import { runName } from '@lautta/core/object-names'
import type { Row } from './column.ts'
import { readRowGroups } from './read-row-groups.ts'

/** The rows that some orders have in a joined table, in their sequence, by the name of their run. */
export async function readPart(content: Uint8Array, orders: ReadonlySet<string>): Promise<Map<string, Row[]>> {
  const rows = new Map<string, Row[]>()
  for await (const group of readRowGroups(content, { column: 'orchestration', values: orders })) {
    for (const row of group) addTo(rows, row)
  }
  return rows
}

function addTo(rows: Map<string, Row[]>, row: Row): void {
  const { orchestration, platform, 'job-index': index, attempt } = row
  const name = runName({ id: String(orchestration), platform: String(platform), index: Number(index), attempt: Number(attempt) })
  const found = rows.get(name)
  if (found === undefined) rows.set(name, [row])
  else found.push(row)
}
