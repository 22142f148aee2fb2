import type { HistoryEntry } from '../documents/status-document.ts'
import type { Job } from './job.ts'

/**
 * The history line of a transition, or null when there is nothing to tell. A line with `from` = `to` is a notice: the
 * job waits, goes on, or something worth knowing happened.
 */
export function describeChange(
  before: Job,
  after: Job,
  reason: string | null
): Pick<HistoryEntry, 'index' | 'from' | 'to' | 'reason'> | null {
  const from = before.state.kind
  const to = after.state.kind
  const line = (words: string | null) => ({ index: after.index, from, to, reason: words })
  if (after.waiting !== null && after.waiting !== before.waiting) return line(`waiting: ${after.waiting}: ${reason}`)
  if (from !== to || before.attempt !== after.attempt) return line(reason)
  if (before.waiting !== null && after.waiting === null) return line(`goes on: ${before.waiting}`)
  return reason === null ? null : line(reason)
}
