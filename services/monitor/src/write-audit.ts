import { type AuditRow, dateOf, sortRows } from '@lautta/core/audit/audit-row'
import { deriveAudit } from '@lautta/core/audit/derive-audit'
import { UnreadableDocumentError } from '@lautta/core/documents/sealed-document'
import { messageOf } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { auditPath } from '@lautta/core/object-names'
import { type ListedOrder, listChangedOrders } from '@lautta/object-store/list-orders'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import { readObject } from '@lautta/object-store/read-object'
import type { Logger } from '@lautta/runtime/logger'
import { readAuditTable, writeAuditTable } from '@lautta/tables/audit-table'
import { readAuditRecord } from './read-audit-record.ts'

// How late a listing may be, and a clock wrong.
const graceMs = 60 * 60 * 1000
const ordersAtOnce = 8

export interface AuditOptions {
  store: ObjectStore
  management: Management
  logger: Logger
  now(): Date
  signal: AbortSignal
}

/** Lines of an order, and the documents from which they were derived. */
type KnownLines = Map<string, { documents: string; rows: AuditRow[] }>

/**
 * Keeps the audit of users: from the documents of orders that changed lately it derives their lines anew, and writes the
 * parts of the dates on which any fall. What is derived is always the same, so it may be done again at any time, and by two.
 */
export function createAudit({ store, management, logger, now, signal }: AuditOptions) {
  const knownLines = new Map<string, KnownLines>()

  /** Null for an order with a document that only a newer Lautta can read. */
  const deriveLines = async (user: string, listed: ListedOrder): Promise<AuditRow[] | null> => {
    try {
      return deriveAudit(await readAuditRecord(management, user, listed))
    } catch (error) {
      if (!(error instanceof UnreadableDocumentError)) throw error
      logger.warn({ user, orchestration: listed.id, error: messageOf(error) }, 'an order is left out of the audit')
      return null
    }
  }

  /** What was read before is not read again. */
  const findLines = async (user: string, orders: readonly ListedOrder[]): Promise<KnownLines> => {
    const known = knownLines.get(user)
    const found = await mapLimited(orders, ordersAtOnce, async (listed) => {
      signal.throwIfAborted()
      const { id, orderIds, versions, statusEtags } = listed
      const documents = JSON.stringify([orderIds, versions, [...statusEtags]])
      const former = known?.get(id)
      const rows = former?.documents === documents ? former.rows : await deriveLines(user, listed)
      return rows === null ? [] : [[id, { documents, rows }] as const]
    })
    return new Map(found.flat())
  }

  return {
    async write(user: string, slug: string): Promise<void> {
      const mark = (await management.readAuditMark(user))?.getTime() ?? 0
      // A clock that was ahead once must not hide what comes after.
      const since = new Date(Math.min(mark, now().getTime() - graceMs))
      const { orders, newest } = await listChangedOrders(store, management.bucketOf(user), since)
      const lines = await findLines(user, orders)
      const firstDate = since.toISOString().slice(0, 10)
      const rows = [...lines.values()].flatMap((one) => one.rows).filter((row) => dateOf(row) >= firstDate)
      const bucket = management.bucketOf(user, 'forwarder')
      for (const date of new Set(rows.map(dateOf))) {
        signal.throwIfAborted()
        const ofDate = rows.filter((row) => dateOf(row) === date)
        await writePart(store, bucket, auditPath(date, slug), ofDate, (order) => lines.has(order))
      }
      knownLines.set(user, lines)
      // Written last: until then all of it is done again.
      const known = new Date((newest?.getTime() ?? 0) - graceMs)
      if (known > since) await management.writeAuditMark(user, known)
    }
  }
}

/** Lines of orders that were not derived now (removed ones, or such that did not change) stay as they are. */
async function writePart(
  store: ObjectStore,
  bucket: string,
  path: string,
  rows: readonly AuditRow[],
  isDerived: (order: string) => boolean
): Promise<void> {
  const former = await readObject(store, bucket, path)
  const kept = former === null ? [] : readAuditTable(former).filter(({ order }) => !isDerived(order))
  const content = writeAuditTable(sortRows([...kept, ...rows]))
  if (former?.equals(content) !== true) await putVersioned(store, bucket, path, content)
}
