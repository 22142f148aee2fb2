import { z } from 'zod'
import { LauttaError } from './errors.ts'

/** How a task of a queue ended. */
const taskEnds = ['completed', 'failed'] as const

/**
 * A task of one of our queues that ended: a message, and how handling it went. Times are by the clocks of whoever sent
 * and handled it.
 */
export const endedTaskSchema = z.object({
  name: z.enum(['reconcile', 'collect', 'ask']),
  state: z.enum(taskEnds),
  receivedMs: z.number(),
  startedMs: z.number(),
  endedMs: z.number(),
  user: z.string(),
  platform: z.string().nullable(),
  orchestration: z.string().nullable(),
  index: z.number().int().nullable(),
  attempt: z.number().int().nullable(),
  reason: z.string().nullable()
})
export type EndedTask = z.output<typeof endedTaskSchema>

const longestReason = 500

/** Why a task failed, in words that its user may read: other errors than ours could hold anything. */
export function reasonOf(error: unknown): string {
  return error instanceof LauttaError ? error.message.slice(0, longestReason) : 'something unexpected happened'
}

/** When the span of time begins in which a moment lies; all spans of one length follow each other without a gap. */
export function spanStartMs(atMs: number, spanMs: number): number {
  return Math.floor(atMs / spanMs) * spanMs
}
