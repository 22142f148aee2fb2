import { createHash } from 'node:crypto'
import type { UnreadableLine } from '@lautta/core/accounting/accounting'
import { quarantinePath, type Run } from '@lautta/core/object-names'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import type { Logger } from '@lautta/runtime/logger'

/**
 * Keeps lines of accounting that can't be read, or not all of them, where their user finds them, one JSON object a line. The
 * same lines again are neither kept nor told of twice.
 */
export async function keepUnreadable(
  store: ObjectStore,
  logger: Pick<Logger, 'warn'>,
  bucket: string,
  run: Run,
  unreadable: readonly UnreadableLine[]
): Promise<void> {
  if (unreadable.length === 0) return
  const path = quarantinePath(run)
  const content = Buffer.from(unreadable.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const kept = await store.head(bucket, path)
  if (kept?.etag === createHash('md5').update(content).digest('hex')) return
  const lines = unreadable.length
  await putVersioned(store, bucket, path, content, { contentType: 'application/x-ndjson', metadata: { lines: String(lines) } })
  const { id, platform, index, attempt } = run
  logger.warn(
    { orchestration: id, platform, job: index, attempt, lines, bucket, path },
    'accounting has lines that can not be read'
  )
}
