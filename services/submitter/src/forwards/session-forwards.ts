import type { Duplex } from 'node:stream'
import type { ForwardDocument, ForwardStatus } from '@lautta/core/documents/forward-document'
import { CredentialsError, type LauttaError, messageOf, UnavailableError } from '@lautta/core/errors'
import { beginForward, type ForwardNews, tellForward } from '@lautta/core/forwards/forward-status'
import { mapLimited } from '@lautta/core/map-limited'
import type { Backoff } from '../backoff.ts'
import type { Connection } from '../connection.ts'
import { type HeldLease, withTimeLeft } from '../held-lease.ts'
import type { FindJobs } from '../other-clusters.ts'
import { type ForwardPorts, LeaseLostError, type SessionPorts } from '../session-ports.ts'
import { createFindNews } from './find-news.ts'
import type { FoundTarget } from './find-target.ts'
import type { WantedForward } from './known-forwards.ts'
import type { LeasedPort } from './lease-port.ts'

/** The forwards of one user on one platform, held by whoever has the lease. */
export interface SessionForwards {
  /** Opens what was asked for, closes what has ended, and tells how each is. */
  tend(): Promise<void>
  /** Whether any is not closed: then the lease, the connection and the clock are kept. */
  areOpen(): boolean
  /** Somebody else may have written of them meanwhile: what they wrote is read. */
  reset(): void
  /** Lets go of all of them, and ends their connections: another holder opens them anew. */
  drop(): void
}

export interface SessionForwardsOptions {
  ports: SessionPorts
  lease: Pick<HeldLease, 'current'>
  connection: Pick<Connection, 'open'>
  backoff: Pick<Backoff, 'isOn' | 'throwRefusal'>
  fail(error: LauttaError): void
  findJobs: FindJobs
}

/** A forward in memory. */
interface HeldForward {
  document: ForwardDocument
  /** Null: to be read. */
  status: ForwardStatus | null
  leased: LeasedPort | null
  target: FoundTarget | null
  /** Nobody was reached at the target: it is found anew. */
  isDoubtful: boolean
}

// Forwards of a user on a platform that are looked after at a time.
const mostAtOnce = 8

export function createSessionForwards({
  ports,
  lease,
  connection,
  backoff,
  fail,
  findJobs
}: SessionForwardsOptions): SessionForwards {
  const { user, known, management, forwards, now, logger, queues } = ports
  const findNews = createFindNews({ known, connection, fail, findJobs })
  const held = new Map<string, HeldForward>()

  const letGo = (forward: HeldForward): void => {
    forward.leased?.close()
    held.delete(forward.document.id)
  }

  /** How it was left; what is there under a higher fence says that the lease is somebody else's. */
  const readStatus = async ({ document: { id } }: HeldForward): Promise<ForwardStatus> => {
    const saved = await management.readForwardStatus(user, id)
    if (saved !== null && saved.fence > lease.current().fence)
      throw new LeaseLostError(`forward ${id} was written under a higher fence`, saved.fence + 1)
    return saved ?? beginForward(id)
  }

  const tell = async (forward: HeldForward, news: ForwardNews): Promise<void> => {
    forward.status ??= await readStatus(forward)
    const address = news.state === 'closed' ? null : (forward.leased?.address ?? null)
    const told = tellForward(forward.status, news, address, now().toISOString())
    if (told === forward.status) return
    const { fence } = withTimeLeft(lease.current(), management.leasedWriteMs)
    await management.writeForwardStatus(user, { ...told, fence })
    forward.status = told
    const { orchestration, index, service, node } = forward.document
    const target = { user, platform: known.name, orchestration, job: index, service, node }
    logger.info({ ...target, forward: told.id, ...news }, 'a forward')
  }

  /** A connection to the service, for the owner who is at the port. */
  const dial = async (forward: HeldForward): Promise<Duplex> => {
    if (forward.target === null) throw new UnavailableError(forward.status?.reason ?? 'it is not open yet')
    try {
      backoff.throwRefusal()
      return await (await connection.open()).shell.dial(forward.target.address)
    } catch (error) {
      forward.isDoubtful = true
      // How it is now is told by the next pass, which need not be waited for.
      if (error instanceof CredentialsError) await queues.nudgeReconcile({ user, platform: known.name }).catch(() => {})
      throw error
    }
  }

  const leasePort = async (forward: HeldForward): Promise<void> => {
    forward.leased ??= await forwards.lease(forward.document, forward.status?.port ?? null, () => dial(forward))
  }

  const tendOne = async ({ document, isEnded }: WantedForward): Promise<void> => {
    const forward = held.get(document.id) ?? { document, status: null, leased: null, target: null, isDoubtful: false }
    held.set(document.id, forward)
    forward.status ??= await readStatus(forward)
    // The listing that told of it may be older than its end.
    const isOver = isEnded || forward.status.state === 'closed'
    const news = isOver ? ({ state: 'closed', reason: 'ended by its owner' } as const) : await findNewsInPeace(forward)
    if (news === null) return
    await tell(forward, news.state === 'open' && forward.leased === null ? noPort(document, forwards) : news)
    if (news.state === 'closed') letGo(forward)
  }

  /** Null while the platform is left in peace: then nothing is news. */
  const findNewsInPeace = async (forward: HeldForward): Promise<ForwardNews | null> => {
    if (forward.status?.port) await leasePort(forward)
    if (backoff.isOn()) return null
    const before = forward.isDoubtful ? null : forward.target
    // A failure that comes meanwhile counts for the next pass.
    forward.isDoubtful = false
    const { news, target } = await findNews(forward.document, before)
    forward.target = target
    // All users share the ports: one that has never been open has none.
    if (news.state === 'open') await leasePort(forward)
    return news
  }

  return {
    async tend() {
      try {
        const wanted = (await forwards.findOpen(user)).filter(({ document }) => document.platform === known.name)
        const ids = new Set(wanted.map(({ document }) => document.id))
        for (const forward of [...held.values()].filter(({ document }) => !ids.has(document.id))) letGo(forward)
        await mapLimited(wanted, mostAtOnce, tendOne)
      } catch (error) {
        if (error instanceof LeaseLostError) throw error
        // Jobs go on without them.
        logger.warn({ user, platform: known.name, error: messageOf(error) }, 'forwards could not be looked after')
      }
    },
    areOpen: () => held.size > 0,
    reset() {
      for (const forward of held.values()) forward.status = null
    },
    drop() {
      for (const forward of [...held.values()]) letGo(forward)
    }
  }
}

function noPort({ service }: ForwardDocument, { describeRange }: Pick<ForwardPorts, 'describeRange'>): ForwardNews {
  return { state: 'waiting', waiting: 'port', reason: `all ports for ${service} are taken: ${describeRange(service)}` }
}
