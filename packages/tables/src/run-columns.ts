import type { Run } from '@lautta/core/object-names'
import { type Cell, columns } from './column.ts'

/** The columns that tell which run a row is about; tables that join several runs end with them. */
export const runColumns = [...columns('string', 'orchestration', 'platform'), ...columns('int64', 'job-index', 'attempt')]

/** Their values. */
export function runCells({ id, platform, index, attempt }: Run): Record<string, Cell> {
  return { orchestration: id, platform, 'job-index': index, attempt }
}
