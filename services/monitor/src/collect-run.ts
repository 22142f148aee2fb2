import { isAccountingComplete } from '@lautta/core/accounting/is-accounting-complete'
import { computeUsage } from '@lautta/core/accounting/usage'
import { type Attempt, slurmJobIdOf } from '@lautta/core/job/job'
import { measureStages } from '@lautta/core/job/stage-times'
import type { CollectMessage } from '@lautta/core/messages'
import { sacctPath, timesPath, usagePath } from '@lautta/core/object-names'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import type { Platform } from '@lautta/platforms/connect-platform'
import { writeSacctTable } from '@lautta/tables/sacct-table'
import { writeTimesTable } from '@lautta/tables/times-table'
import { writeUsageTable } from '@lautta/tables/usage-table'
import { collectNewBytes, finishLog, removePieces } from './collect-log.ts'

export interface CollectPorts {
  store: ObjectStore
  management: Management
  connect(user: string, platform: string): Promise<Platform>
  now(): Date
}

/**
 * What was brought: `log` when the live log grew, `all` when everything of an ended attempt is stored, `incomplete` when
 * accounting lags behind its end.
 */
export type Collected = 'nothing' | 'log' | 'incomplete' | 'all'

/**
 * Brings the log of an attempt and, when it has ended, its tables. Every step writes whole objects and may be repeated;
 * TIMES comes last and says that all is there.
 */
export async function collectRun({ store, management, connect, now }: CollectPorts, message: CollectMessage): Promise<Collected> {
  const { user, platform: name, id, index, attempt: number } = message
  const run = { id, platform: name, index, attempt: number }
  const status = await management.readStatus(user, id, name)
  const job = status?.jobs[index]
  const attempt = job === undefined ? undefined : [job, ...job.earlier].find((one) => one.attempt === number)
  const slurmJobId = attempt === undefined ? null : slurmJobIdOf(attempt)
  if (attempt === undefined || slurmJobId === null) return 'nothing'
  const pipeline = management.bucketOf(user, 'pipeline')
  if ((await store.head(pipeline, timesPath(run))) !== null) {
    await removePieces(store, pipeline, run, attempt)
    return 'nothing'
  }
  const platform = await connect(user, name)
  const grown = await collectNewBytes(store, pipeline, platform.shell, run, attempt)
  if (!hasEnded(attempt)) return grown > 0 ? 'log' : 'nothing'
  const records = await platform.scheduler.collectAccounting(slurmJobId)
  const token = management.tokenOf(user, run)
  const usage = computeUsage(records)
  if (usage === null || !isAccountingComplete(records, token, now())) return 'incomplete'
  await finishLog(store, pipeline, run, attempt)
  const submitter = management.bucketOf(user)
  await putVersioned(store, submitter, sacctPath(run), writeSacctTable(records, run, token))
  await putVersioned(store, submitter, usagePath(run), writeUsageTable(usage, run))
  await putVersioned(store, pipeline, timesPath(run), writeTimesTable(measureStages(attempt, now().toISOString())))
  await removePieces(store, pipeline, run, attempt)
  return 'all'
}

function hasEnded({ state }: Attempt): boolean {
  return state.kind === 'finishing' || state.kind === 'finished'
}
