import type {
  ForwardCondition,
  ForwardDocument,
  ForwardState,
  ForwardStatus,
  ForwardTarget
} from '@lautta/core/documents/forward-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { messageOf } from '@lautta/core/errors'
import { createId } from '@lautta/core/ids'
import { mapLimited } from '@lautta/core/map-limited'
import type { Management } from '@lautta/object-store/management'
import type { Locks } from '@lautta/queue/locks'
import type { Queues } from '@lautta/queue/queues'
import type { Logger } from '@lautta/runtime/logger'
import type { Caller } from '../authenticate.ts'
import { Problem } from '../problem.ts'

/** A forward as its user sees it. */
export interface KnownForward extends ForwardDocument {
  state: ForwardState
  waiting: ForwardCondition | null
  reason: string | null
  /** Where the submitter listens for us; null when it does not. */
  address: { host: string; port: number } | null
  /** Of the cluster's job, once it was open. */
  attempt: number | null
  openedAt: string | null
  closedAt: string | null
  history: ForwardStatus['history']
}

export interface ForwardBookOptions {
  management: Management
  queues: Pick<Queues, 'nudgeReconcile'>
  locks: Locks
  logger: Logger
  now(): Date
}

// A page asks for dozens of things at once.
const knownForMs = 1000
// One that is closed stays so; after a week it is no more.
const closedForMs = 3600_000
// By then the submitter lists forwards anew, whenever it did so last.
const secondNudgeMs = 3000
// Each takes a port that all users share.
const mostOpen = 32
// Of large clusters each node has one: what a person looks at is to have room beside them.
const mostOfMetrics = 24
const mostReads = 16
// Forwards that are kept in memory, and targets.
const mostKept = 5000

interface Kept {
  forward: Promise<KnownForward | null>
  untilMs: number
}

/** A forward that was asked for, or that was there already. */
interface CreatedForward {
  forward: KnownForward
  isNew: boolean
}

/** The forwards of users: asked for, looked at and ended here, held by the submitter. */
export function createForwardBook({ management, queues, locks, logger, now }: ForwardBookOptions) {
  const kept = new Map<string, Kept>()
  // Ids by user and target: whoever asks again, as Prometheus does, needs neither lock nor listing.
  const asked = new Map<string, string>()

  const findKnown = (user: string, id: string): Promise<KnownForward | null> => {
    const key = JSON.stringify([user, id])
    const nowMs = now().getTime()
    const last = kept.get(key)
    if (last !== undefined && nowMs < last.untilMs) return last.forward
    const forward = readForward(management, user, id)
    const one = { forward, untilMs: nowMs + knownForMs }
    forward.then(
      (found) => {
        // What its owner has ended may have more to tell, until the submitter knows of it.
        if (found?.history.at(-1)?.state === 'closed') one.untilMs = nowMs + closedForMs
      },
      () => kept.delete(key)
    )
    keep(kept, key, one)
    return forward
  }

  /** A lost nudge costs two minutes, and never a forward. */
  const nudge = async (user: string, platform: string): Promise<void> => {
    try {
      await queues.nudgeReconcile({ user, platform })
      await queues.nudgeReconcile({ user, platform }, secondNudgeMs)
    } catch (error) {
      logger.warn({ user, platform, error: messageOf(error) }, 'the submitter could not be told of a forward')
    }
  }

  const findAll = async (user: string): Promise<KnownForward[]> => {
    const listed = (await management.listForwards(user)).map(({ id }) => id).sort((a, b) => (a < b ? 1 : -1))
    const found = await mapLimited(listed, mostReads, (id) => leaveUnreadable(findKnown(user, id)))
    return found.filter((forward) => forward !== null)
  }

  const createUnderLock = ({ user, keyId }: Caller, target: ForwardTarget): Promise<CreatedForward> =>
    locks.withLock(`forwards:${user}`, async () => {
      const open = (await findAll(user)).filter(({ state }) => state !== 'closed')
      const same = open.find((one) => targetKey(one) === targetKey(target))
      if (same !== undefined) return { forward: same, isNew: false }
      refuseTooMany(open, target)
      const at = now()
      const document = { id: createId(at), user, ...target, createdAt: at.toISOString(), keyId }
      await management.writeForward(document)
      await nudge(user, target.platform)
      return { forward: describe(document, null, null), isNew: true }
    })

  return {
    /** One forward, known for a second at most; somebody else's is as unknown as one that never was. */
    async find(user: string, id: string): Promise<KnownForward> {
      const found = /^[0-9a-z]{26}$/.test(id) ? await findKnown(user, id) : null
      if (found === null) throw new Problem(404, `there is no forward ${id}`)
      return found
    },

    /** All forwards of a user, newest first. */
    findAll,

    /** Asks for a forward; durable when it resolves. One that leads there already is answered instead. */
    async create(caller: Caller, target: ForwardTarget): Promise<CreatedForward> {
      const key = JSON.stringify([caller.user, targetKey(target)])
      const id = asked.get(key)
      const known = id === undefined ? null : await leaveUnreadable(findKnown(caller.user, id))
      const created =
        known === null || known.state === 'closed' ? await createUnderLock(caller, target) : { forward: known, isNew: false }
      keep(asked, key, created.forward.id)
      return created
    },

    /** Ends a forward; nobody is let through from then on. */
    async end({ user, keyId }: Caller, { id, platform, state }: KnownForward): Promise<void> {
      if (state === 'closed') return
      await management.writeForwardEnd(user, { id, by: user, keyId, at: now().toISOString() })
      kept.delete(JSON.stringify([user, id]))
      await nudge(user, platform)
    }
  }
}
export type ForwardBook = ReturnType<typeof createForwardBook>

async function readForward(management: Management, user: string, id: string): Promise<KnownForward | null> {
  const document = await management.readForward(user, id)
  if (document === null) return null
  const [status, end] = await Promise.all([
    leaveUnreadable(management.readForwardStatus(user, id)),
    leaveUnreadable(management.readForwardEnd(user, id))
  ])
  return describe(document, status, end?.at ?? null)
}

function describe(document: ForwardDocument, status: ForwardStatus | null, endedAt: string | null): KnownForward {
  const { openedAt = null, history = [], attempt = null } = status ?? {}
  const base = { ...document, attempt, openedAt, history }
  // The submitter may not have heard of its end yet.
  if (endedAt !== null && status?.state !== 'closed')
    return { ...base, state: 'closed', waiting: null, reason: 'ended by its owner', address: null, closedAt: endedAt }
  const { state = 'opening', waiting = null, reason = null, host = null, port = null, closedAt = null } = status ?? {}
  return { ...base, state, waiting, reason, address: host === null || port === null ? null : { host, port }, closedAt }
}

/** The same of whatever leads to the same. */
function targetKey({ platform, orchestration, index, service, node }: ForwardTarget): string {
  return JSON.stringify([platform, orchestration, index, service, node])
}

function refuseTooMany(open: readonly KnownForward[], { service }: ForwardTarget): void {
  const hint = 'end those that you do not need'
  if (open.length >= mostOpen) throw new Problem(409, `${open.length} forwards of yours are there`, { hint })
  const metrics = open.filter((one) => one.service === 'metrics').length
  if (service === 'metrics' && metrics >= mostOfMetrics)
    throw new Problem(409, `${metrics} forwards to metrics of yours are there`, { hint })
}

/** Keeps what was used last. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= mostKept) break
    map.delete(oldest)
  }
}
