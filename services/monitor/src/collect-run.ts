import { isAccountingComplete } from '@lautta/core/accounting/is-accounting-complete'
import { recordedTasks } from '@lautta/core/job/array-tasks'
import { type Attempt, slurmJobIdOf } from '@lautta/core/job/job'
import { measureStages } from '@lautta/core/job/stage-times'
import type { CollectMessage } from '@lautta/core/messages'
import { type LogStream, type Run, sacctPath, timesPath, usagePath } from '@lautta/core/object-names'
import { putVersioned } from '@lautta/object-store/put-versioned'
import type { Platform } from '@lautta/platforms/platform'
import { submittedJobOf } from '@lautta/platforms/submitted-job'
import type { Logger } from '@lautta/runtime/logger'
import { writeSacctTable } from '@lautta/tables/sacct-table'
import { writeTimesTable } from '@lautta/tables/times-table'
import { writeUsageTable } from '@lautta/tables/usage-table'
import { collectLastRuns } from './collect-last-runs.ts'
import { collectNewBytes, hasEnded } from './collect-log.ts'
import { collectTogether } from './collect-together.ts'
import { finishLog, removePieces } from './finish-log.ts'
import { keepUnreadable } from './keep-unreadable.ts'
import type { InPlace } from './places.ts'
import { type BillPorts, noteAllocations, settleBill } from './settle-bill.ts'
import { tellUsage } from './tell-usage.ts'

export interface CollectPorts extends BillPorts {
  /** Does work that takes memory or a connection, when there is a place for it. */
  inPlace: InPlace
  /** Those of a run's streams that somebody follows. */
  findFollowed(user: string, run: Run, streams: readonly LogStream[]): Promise<ReadonlySet<LogStream>>
  logger: Pick<Logger, 'warn'>
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
export async function collectRun(ports: CollectPorts, message: CollectMessage): Promise<Collected> {
  const { store, management, connect, now, logger } = ports
  const { user, platform: name, id, index, attempt: number } = message
  const run = { id, platform: name, index, attempt: number }
  const inPlace = <Result>(work: () => Promise<Result>) => ports.inPlace(user, work)
  const found = await inPlace(() => findOwed(ports, user, run))
  if (found === null) return 'nothing'
  const { attempt, slurmJobId } = found
  const token = management.tokenOf(user, run)
  // Asked before the log is brought, so that jobs that ended together are one question.
  const accounting = hasEnded(attempt) ? askAccounting(await connect(user, name), slurmJobId, token, attempt) : null
  // Its failure is met below.
  accounting?.catch(() => {})
  const pipeline = management.bucketOf(user, 'pipeline')
  const bringTasks = async () => collectTogether(store, pipeline, (await connect(user, name)).logs, run, attempt)
  const together = accounting === null ? [] : await inPlace(bringTasks)
  const { broughtBytes, unreadable } = await followLog(ports, user, run, attempt)
  if (accounting === null) {
    if (attempt.state.kind === 'running') await inPlace(() => noteAllocations(ports, user, run))
    return broughtBytes > 0 ? 'log' : 'nothing'
  }
  const { records, unreadable: unreadableLines } = await accounting
  const submitter = management.bucketOf(user)
  await inPlace(() => keepUnreadable(store, logger, submitter, run, unreadableLines))
  if (!isAccountingComplete(records, token, now(), recordedTasks(attempt))) return 'incomplete'
  const used = await tellUsage(ports, user, name, records)
  const usage = used === null ? null : await inPlace(() => settleBill(ports, user, run, records, used))
  return inPlace(async () => {
    const { logs } = await connect(user, name)
    await collectLastRuns(store, pipeline, logs, run, attempt, records)
    const isFinished = await finishLog(store, pipeline, run, attempt, [...together, ...unreadable])
    if (!isFinished) {
      await removePieces(store, pipeline, run)
      return 'nothing'
    }
    await putVersioned(store, submitter, sacctPath(run), writeSacctTable(records, run, token))
    // An array all of whose tasks were cancelled before they began has used nothing.
    if (usage !== null) await putVersioned(store, submitter, usagePath(run), writeUsageTable(usage, run))
    await putVersioned(store, pipeline, timesPath(run), writeTimesTable(measureStages(attempt, now().toISOString())))
    await removePieces(store, pipeline, run)
    return 'all'
  })
}

/** Look after look, each in a place of its own, until all is there that the first one saw, however fast it is written. */
async function followLog(ports: CollectPorts, user: string, run: Run, attempt: Attempt) {
  const { store, management, connect, now, inPlace } = ports
  const bucket = management.bucketOf(user, 'pipeline')
  const findFollowed = (streams: readonly LogStream[]) => ports.findFollowed(user, run, streams)
  let broughtBytes = 0
  for (let owedBytes = Number.POSITIVE_INFINITY; ; ) {
    const look = await inPlace(user, async () => {
      const { logs } = await connect(user, run.platform)
      return collectNewBytes(store, bucket, logs, run, attempt, { now, findFollowed })
    })
    broughtBytes += look.broughtBytes
    owedBytes = Math.min(look.leftBytes, owedBytes - look.broughtBytes)
    if (owedBytes <= 0 || look.broughtBytes === 0) return { broughtBytes, unreadable: look.unreadable }
  }
}

/** The attempt, when it is on the platform or was there, and not all of it is stored. */
async function findOwed({ store, management }: CollectPorts, user: string, run: Run) {
  const status = await management.readStatus(user, run.id, run.platform)
  const job = status?.jobs[run.index]
  const attempt = job === undefined ? undefined : [job, ...job.earlier].find((one) => one.attempt === run.attempt)
  const slurmJobId = attempt === undefined ? null : slurmJobIdOf(attempt)
  if (attempt === undefined || slurmJobId === null) return null
  const pipeline = management.bucketOf(user, 'pipeline')
  if ((await store.head(pipeline, timesPath(run))) === null) return { attempt, slurmJobId }
  await removePieces(store, pipeline, run)
  return null
}

function askAccounting({ scheduler }: Platform, slurmJobId: string, token: string, attempt: Attempt) {
  const orderedAt = new Date(attempt.startOrderedAt ?? 0)
  return scheduler.collectAccounting(submittedJobOf(attempt, { slurmJobId, token, orderedAt }))
}
