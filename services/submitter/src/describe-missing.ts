import { logPiecesPrefix, logTablePath, quarantinePath, type Run, sacctPath } from '@lautta/core/object-names'
import type { ObjectStore } from '@lautta/object-store/object-store'

/** What there is of an attempt that was not brought as a whole, and what there is not, for its user. */
export async function describeMissing(
  store: ObjectStore,
  { pipeline, submitter }: { pipeline: string; submitter: string },
  run: Run
): Promise<string> {
  const isThere = async (bucket: string, path: string) => (await store.head(bucket, path)) !== null
  const hasSacct = await isThere(submitter, sacctPath(run))
  const hasUnreadable = !hasSacct && (await isThere(submitter, quarantinePath(run)))
  const accounting = hasSacct ? 'accounting is there' : 'accounting never told all of it, or could not be asked'
  const unreadable = hasUnreadable ? ` (lines that can not be read are in ${quarantinePath(run)})` : ''
  return `${accounting}${unreadable}; ${await describeLog(store, pipeline, run, isThere)}`
}

async function describeLog(
  store: ObjectStore,
  pipeline: string,
  run: Run,
  isThere: (bucket: string, path: string) => Promise<boolean>
): Promise<string> {
  if (await isThere(pipeline, logTablePath(run))) return 'the log is there'
  const prefix = logPiecesPrefix(run)
  const { objects } = await store.list(pipeline, { prefix, limit: 1 })
  return objects.length > 0 ? `the log is there in pieces, below ${prefix}` : 'nothing was found of a log'
}
