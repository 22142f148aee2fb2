import type { Run } from '../object-names.ts'

/** A place in the sequence of a joined table: compared from its first value on. */
export type Position = readonly (string | number)[]

/** The place of an order: orders stand as they came. */
export function positionOfOrder({ createdAt, id }: { createdAt: string; id: string }): Position {
  return [createdAt, id]
}

/** The place of a run: behind those of earlier orders, then by platform, job and attempt. */
export function positionOfRun(createdAt: string, { id, platform, index, attempt }: Run): Position {
  return [createdAt, id, platform, index, attempt]
}

/** Below 0 when `a` comes first; 0 for the same place. */
export function comparePositions(a: Position, b: Position): number {
  for (const [at, value] of a.entries()) {
    const other = b[at]
    if (other === undefined) return 1
    if (value !== other) return value < other ? -1 : 1
  }
  return a.length - b.length
}
