import type { Position } from '@lautta/core/compaction/run-sequence'
import type { CompactedPart } from '@lautta/core/documents/compacted-document'
import type { Run } from '@lautta/core/object-names'
import type { Column, Row } from '@lautta/tables/column'

/** An object whose rows stand in a joined table. */
export interface TableEntry {
  position: Position
  bucket: string
  path: string
  /** The run that it is of; null for a file of the user's own, and for what is kept by date. */
  run: Run | null
  /** Where the rows of the run are joined with others, as they now stand; null: in its own object only. */
  part: (CompactedPart & { bucket: string; path: string }) | null
  /** Whether it counts only if somebody else wrote it. */
  isForeign: boolean
  /** The row as it is told; null: it is not. */
  tell(row: Row): Row | null
}

/** What is to be read for one answer. */
export interface TablePlan {
  /** Which every answer has. */
  columns: readonly Column[]
  /** In their sequence. */
  entries: readonly TableEntry[]
}

/** What may narrow a table down. */
export interface TableFilter {
  orchestration?: string | undefined
  platform?: string | undefined
  /** Milliseconds since 1970. */
  sinceMs?: number | undefined
}
