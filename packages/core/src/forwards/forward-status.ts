import type { ForwardCondition, ForwardStatus } from '../documents/forward-document.ts'

/** What is learned about a forward; an address goes with an open one, a condition with one that waits. */
export type ForwardNews =
  | { state: 'open'; attempt: number | null }
  | { state: 'waiting'; waiting: ForwardCondition; reason: string }
  | { state: 'closed'; reason: string }

/** Where the submitter listens for a forward. */
export interface ForwardAddress {
  host: string
  port: number
}

// Of a forward that comes and goes for days, how it was of late.
const mostHistory = 20

/** How a forward is before anything was done about it. */
export function beginForward(id: string): ForwardStatus {
  const stand = { state: 'opening' as const, waiting: null, reason: null }
  return {
    id,
    fence: 0,
    sequence: 0,
    ...stand,
    host: null,
    port: null,
    attempt: null,
    openedAt: null,
    closedAt: null,
    history: []
  }
}

/** The status after some news; the very same one when nothing has changed. */
export function tellForward(status: ForwardStatus, news: ForwardNews, address: ForwardAddress | null, at: string): ForwardStatus {
  // What has ended stays so.
  if (status.state === 'closed') return status
  const stand = {
    state: news.state,
    waiting: news.state === 'waiting' ? news.waiting : null,
    reason: news.state === 'open' ? null : news.reason
  }
  const { host, port } = address ?? { host: null, port: null }
  const isSameStand = stand.state === status.state && stand.waiting === status.waiting && stand.reason === status.reason
  const attempt = news.state === 'open' ? news.attempt : status.attempt
  if (isSameStand && host === status.host && port === status.port && attempt === status.attempt) return status
  return {
    ...status,
    sequence: status.sequence + 1,
    ...stand,
    ...{ host, port, attempt },
    openedAt: status.openedAt ?? (news.state === 'open' ? at : null),
    closedAt: news.state === 'closed' ? at : null,
    history: isSameStand ? status.history : [...status.history, { at, ...stand }].slice(-mostHistory)
  }
}
