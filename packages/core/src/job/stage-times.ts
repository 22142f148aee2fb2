import type { Attempt } from './job.ts'

/** One stage of an attempt, in seconds since 1970; all 0 where it did not happen. */
export interface StageTime {
  begin: number
  end: number
  total: number
}

/** The stages of seed 000, in its sequence. */
export const stages = ['start', 'config', 'run', 'cancel', 'store'] as const
export type Stage = (typeof stages)[number]

/** How long each stage of an attempt took; `storedAt` is when its log and accounting were in the object store. */
export function measureStages(attempt: Attempt, storedAt: string): Record<Stage, StageTime> {
  const { startOrderedAt, stopOrderedAt, preparingAt, preparedAt, startedAt, endedAt } = attempt
  return {
    start: between(startOrderedAt, preparingAt),
    config: between(preparingAt, preparedAt),
    run: between(startedAt, endedAt),
    cancel: between(stopOrderedAt, endedAt),
    store: between(endedAt, storedAt)
  }
}

function between(from: string | null, to: string | null): StageTime {
  if (from === null || to === null) return { begin: 0, end: 0, total: 0 }
  const begin = Math.floor(Date.parse(from) / 1000)
  const end = Math.floor(Date.parse(to) / 1000)
  return { begin, end, total: Math.max(0, end - begin) }
}
