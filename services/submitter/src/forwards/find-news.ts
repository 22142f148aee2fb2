import type { ForwardCondition, ForwardTarget } from '@lautta/core/documents/forward-document'
import { ClusterSilentError, CredentialsError, LauttaError, RefusedError } from '@lautta/core/errors'
import type { ForwardNews } from '@lautta/core/forwards/forward-status'
import type { KnownPlatform } from '@lautta/platforms/settings'
import type { Connection } from '../connection.ts'
import type { FindJobs } from '../other-clusters.ts'
import { type FoundTarget, findRun, findTargetInJob, findTargetOf } from './find-target.ts'

export interface FindNewsOptions {
  known: Pick<KnownPlatform, 'name' | 'ray'>
  connection: Pick<Connection, 'open'>
  findJobs: FindJobs
  fail(error: LauttaError): void
}

/** Finds out how forwards are now: the platform is asked where what was known of it does not hold any more. */
export function createFindNews({ known, connection, findJobs, fail }: FindNewsOptions) {
  const findTarget = async (target: ForwardTarget, before: FoundTarget | null): Promise<FoundTarget | ForwardNews> => {
    const { orchestration, index } = target
    if (orchestration === null || index === null) return findTargetOf(await connection.open(), known, target)
    const run = findRun((await findJobs(orchestration))?.[index] ?? null)
    return 'state' in run ? run : findTargetInJob(await connection.open(), { ...target, index }, run, before)
  }

  return async (
    forward: ForwardTarget,
    before: FoundTarget | null
  ): Promise<{ news: ForwardNews; target: FoundTarget | null }> => {
    try {
      const found = await findTarget(forward, before)
      if ('state' in found) return { news: found, target: null }
      return { news: { state: 'open', attempt: found.run?.attempt ?? null }, target: found }
    } catch (error) {
      if (!(error instanceof LauttaError)) throw error
      // What a job wrote of its cluster is nothing that the platform is left in peace for.
      if (!(error instanceof ClusterSilentError)) fail(error)
      return { news: { state: 'waiting', waiting: conditionOf(error), reason: error.message }, target: null }
    }
  }
}

function conditionOf(error: LauttaError): ForwardCondition {
  if (error instanceof CredentialsError) return 'credentials'
  return error instanceof RefusedError || error instanceof ClusterSilentError ? 'cluster' : 'platform'
}
