import type { AuditRecord } from '@lautta/core/audit/derive-audit'
import type { ListedOrder } from '@lautta/object-store/list-orders'
import type { Management } from '@lautta/object-store/management'

type Documents = Pick<Management, 'readRequest' | 'readAdopted' | 'readOrder' | 'readStatus'>

/** Reads all documents of an order that tell who ordered what and what was done; those that nobody of us wrote are left out. */
export async function readAuditRecord(documents: Documents, user: string, listed: ListedOrder): Promise<AuditRecord> {
  const { id, orderIds, versions, statusEtags } = listed
  const there = <Found>(found: readonly (Found | null)[]): Found[] => found.filter((one) => one !== null)
  return {
    ...{ id, user },
    request: await documents.readRequest(user, id),
    versions: there(await Promise.all(versions.map((number) => documents.readAdopted(user, id, number)))),
    orders: there(await Promise.all(orderIds.map((orderId) => documents.readOrder(user, id, orderId)))),
    statuses: there(await Promise.all([...statusEtags.keys()].map((platform) => documents.readStatus(user, id, platform))))
  }
}
