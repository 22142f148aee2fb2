import { runName } from '@lautta/core/object-names'
import type { Row } from './column.ts'
import { openTable } from './open-table.ts'

/** The rows of a joined table by the name of their run, in their sequence; only of the runs of some orders, if these are given. */
export async function readPart(content: Uint8Array, orders: ReadonlySet<string> | null = null): Promise<Map<string, Row[]>> {
  const table = await openTable({
    usedBytes: content.length,
    read: async (first, last) => content.subarray(first, last + 1)
  })
  try {
    const rows = new Map<string, Row[]>()
    const isWanted = orders === null ? undefined : { column: 'orchestration', values: orders }
    for await (const batch of table.readRows(isWanted)) for (const row of batch) addTo(rows, row)
    return rows
  } finally {
    table.close()
  }
}

function addTo(rows: Map<string, Row[]>, row: Row): void {
  const { orchestration, platform, 'job-index': index, attempt } = row
  const name = runName({ id: String(orchestration), platform: String(platform), index: Number(index), attempt: Number(attempt) })
  const found = rows.get(name)
  if (found === undefined) rows.set(name, [row])
  else found.push(row)
}
