import type { AdoptedVersion } from '../documents/adopted-document.ts'
import type { OrderDocument } from '../documents/order-document.ts'
import type { RequestDocument } from '../documents/request-document.ts'
import type { HistoryEntry, StatusDocument } from '../documents/status-document.ts'
import { type Attempt, type Job, slurmJobIdOf } from '../job/job.ts'
import { foldOrders, isControl, startOf, stopOf } from '../job/orders.ts'
import type { PlatformRequest } from '../orchestration/dictionary.ts'
import type { AuditRow, CommandClass } from './audit-row.ts'

/** All documents of an orchestration, as far as they tell who ordered what and what was done. */
export interface AuditRecord {
  id: string
  /** Whose bucket it is. */
  user: string
  request: RequestDocument | null
  /** Versions of an adopted request. */
  versions: readonly AdoptedVersion[]
  orders: readonly OrderDocument[]
  statuses: readonly Pick<StatusDocument, 'platform' | 'jobs' | 'history'>[]
}

type Part = Partial<AuditRow> & { commandClass: CommandClass }
type Line = (at: string | null, part: Part) => AuditRow[]

/** The lines of the audit of one orchestration: the same documents always give the same ones. */
export function deriveAudit(record: AuditRecord): AuditRow[] {
  const nothing = { keyId: null, platform: null, index: null, slurmJobId: null, outcome: null, attempt: null, task: null }
  const line: Line = (at, part) =>
    at === null
      ? []
      : [{ ...nothing, user: record.user, order: record.id, ...part, atSeconds: Math.floor(Date.parse(at) / 1000) }]
  const { request, versions, orders, statuses } = record
  return [
    ...(request === null ? [] : line(request.createdAt, { commandClass: 'post', keyId: request.keyId ?? null })),
    ...versions.flatMap(({ adoptedAt, found }) =>
      found === 'nothing'
        ? line(adoptedAt, { commandClass: 'remove' })
        : line(adoptedAt, { commandClass: 'adopt', outcome: found === 'errors' ? 'refused' : null })
    ),
    ...orders.flatMap(({ order, at, by, keyId, platform = null, index = null, attempt, task = null }) =>
      line(at, { commandClass: order, user: by, keyId, platform, index, attempt, task })
    ),
    ...statuses.flatMap(({ platform, jobs, history }) =>
      jobs.flatMap((job) => {
        const ofJob = history.filter(({ index }) => index === job.index)
        return tellJob(record, platform, job, ofJob, (at, part) => line(at, { platform, index: job.index, ...part }))
      })
    )
  ]
}

/** What was done for one job, attempt by attempt: each line tells who had ordered it. */
function tellJob(record: AuditRecord, platform: string, job: Job, history: readonly HistoryEntry[], line: Line): AuditRow[] {
  const attempts = [...job.earlier, job]
  const folded = foldOrders(record.orders, [], platform, job.index)
  const mine = record.orders.filter((one) => (one.platform ?? platform) === platform && (one.index ?? job.index) === job.index)
  const orderedAt = (at: string | null, kinds: readonly string[]) =>
    whose(mine.find((one) => one.at === at && kinds.includes(one.order) && !isControl(one)))
  return attempts.flatMap((attempt) => {
    const slurmJobId = slurmJobIdOf(attempt)
    const about = { slurmJobId, attempt: attempt.attempt }
    const started = orderedAt(startOf(folded, attempt.attempt), ['start'])
    const stopped = orderedAt(stopOf(folded, attempt.attempt), ['stop', 'cancel'])
    const outcome = 'outcome' in attempt.state ? attempt.state.outcome : null
    const cause = outcome === 'cancelled' && stopped.keyId !== undefined ? stopped : started
    const controls = attempt.controlsDone.flatMap(({ id, order, task, doneAt = null, refused = false }) =>
      line(doneAt, {
        ...about,
        ...whose(mine.find((one) => one.id === id)),
        ...{ commandClass: order, task, outcome: refused ? 'refused' : 'done' }
      })
    )
    return [
      ...line(attempt.preparingAt, { ...about, ...started, slurmJobId: null, commandClass: 'prepare' }),
      ...line(attempt.submittedAt, { ...about, ...started, commandClass: 'submit' }),
      ...controls,
      ...line(attempt.endSeenAt, { ...about, ...cause, commandClass: 'end', outcome }),
      ...(bringsFiles(record, platform, attempt)
        ? history
            .filter((entry) => isBroughtOf(entry, attempt, attempts))
            .flatMap(({ at }) => line(at, { ...about, ...started, commandClass: 'files' }))
        : [])
    ]
  })
}

function whose(order: OrderDocument | undefined): Partial<Pick<AuditRow, 'user' | 'keyId'>> {
  return order === undefined ? {} : { user: order.by, keyId: order.keyId }
}

/** Whether a line of a job's history says that the files of an attempt are there: of the one whose end was seen last. */
function isBroughtOf({ from, to, at }: HistoryEntry, { attempt }: Attempt, attempts: readonly Attempt[]): boolean {
  if (from !== 'finishing' || to === 'finishing') return false
  return attempts.findLast(({ endSeenAt }) => endSeenAt !== null && endSeenAt <= at)?.attempt === attempt
}

function bringsFiles({ request, versions }: AuditRecord, platform: string, { version }: Attempt): boolean {
  const adopted = versions.find((one) => one.number === version)
  const { platforms = {} } = (adopted?.found === 'request' ? adopted.request : request?.request) ?? {}
  const part: PlatformRequest | undefined = Object.hasOwn(platforms, platform) ? platforms[platform] : undefined
  return (part?.files.get.length ?? 0) > 0
}
