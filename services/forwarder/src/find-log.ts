import { type Attempt, slurmJobIdOf } from '@lautta/core/job/job'
import { isByTask, logsOf, type SourceLogs } from '@lautta/core/job/job-logs'
import { parseTasks } from '@lautta/core/job/task-set'
import { type LogSource, type LogStream, logPath, logStreamOf, type Run, taskLogsPrefix } from '@lautta/core/object-names'
import type { JobRequest } from '@lautta/core/orchestration/dictionary'
import { readLogIndex } from '@lautta/object-store/log-index'
import { endOf, type LogPart, type LogPiece, listLogPieces, listPiecesByStream } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { listAll } from '@lautta/object-store/read-object'
import { Problem } from './problem.ts'

/** A log that is asked for: of one task, or (null) of the whole job. */
export interface AskedLog {
  source: LogSource
  task: number | null
}

/**
 * Where the bytes of a log are at this moment, in their sequence: in the whole log once it is joined, before that in the
 * pieces that there are. The log of a whole array is its tasks' logs in their sequence.
 */
export async function findLog(
  store: ObjectStore,
  bucket: string,
  run: Run,
  attempt: Attempt,
  { source, task }: AskedLog
): Promise<LogPart[]> {
  // Whether it is an array may be known only when it is submitted; before that there are no logs.
  if (slurmJobIdOf(attempt) === null) return []
  if (task !== null) refuseUnknownTask(attempt, task)
  const logs = logsOf(attempt).find((one) => one.source === source)
  if (logs === undefined) return []
  if (task !== null && !isByTask(logs)) {
    throw new Problem(409, `all tasks write into one file, ${logs.files[0]?.file}`, { hint: 'ask without `task`' })
  }
  if (logs.kept === 'live') {
    if (task === null && isByTask(logs)) return findOfAllTasks(store, bucket, run, logs)
    return findStream(store, bucket, run, logStreamOf(source, task))
  }
  if (task === null) return findWhole(store, bucket, logPath(run, source))
  const found = (await readLogIndex(store, bucket, run, source))?.find((one) => one.task === task)
  return found === undefined ? [] : [{ path: logPath(run, source), first: found.offset, usedBytes: found.usedBytes }]
}

/**
 * Those of many tasks, one behind the other, can't be followed: each of them grows in the middle. What an array is may be
 * known only from the request, until it is submitted.
 */
export function refuseManyTasks(attempt: Attempt, request: Pick<JobRequest, 'array'>, { source, task }: AskedLog): void {
  const isSubmitted = slurmJobIdOf(attempt) !== null
  const array = attempt.array ?? (isSubmitted ? null : (request.array ?? null))
  if (task !== null && (isSubmitted || array !== null)) refuseUnknownTask({ array }, task)
  if (task !== null || array === null) return
  const logs = isSubmitted ? logsOf(attempt).find((one) => one.source === source) : undefined
  if (isSubmitted && (logs === undefined || !isByTask(logs))) return
  throw new Problem(400, `the job is an array, whose tasks ${array} write a log each`, {
    hint: `follow one of them: task=${parseTasks(array)?.[0] ?? 0}`
  })
}

function refuseUnknownTask({ array }: Pick<Attempt, 'array'>, task: number): void {
  if (array === null) throw new Problem(400, 'the job is no array: it has no tasks')
  if (!parseTasks(array)?.includes(task)) throw new Problem(404, `the array has no task ${task}: its tasks are ${array}`)
}

async function findStream(store: ObjectStore, bucket: string, run: Run, stream: LogStream): Promise<LogPart[]> {
  // Pieces come first: they are removed only when the whole log is there.
  const pieces = await listLogPieces(store, bucket, run, stream)
  const whole = await findWhole(store, bucket, logPath(run, stream))
  return whole.length > 0 ? whole : beforeHole(pieces)
}

/** A listing may show a piece before it shows the one in front of it. */
function beforeHole(pieces: readonly LogPiece[]): LogPiece[] {
  const hole = pieces.findIndex(({ restart, offset }, at) => offset > endOf(pieces[at - 1], restart))
  return hole < 0 ? [...pieces] : pieces.slice(0, hole)
}

async function findWhole(store: ObjectStore, bucket: string, path: string): Promise<LogPart[]> {
  const whole = await store.head(bucket, path)
  return whole === null ? [] : [whole]
}

/** Two listings, whatever the number of tasks. Pieces come first: they are removed only when the whole logs are there. */
async function findOfAllTasks(store: ObjectStore, bucket: string, run: Run, { source, files }: SourceLogs): Promise<LogPart[]> {
  const pieces = await listPiecesByStream(store, bucket, run)
  const entries = await listAll(store, bucket, taskLogsPrefix(run, source))
  const whole = new Map(entries.map((entry) => [entry.path, entry]))
  return files.flatMap(({ stream }): readonly LogPart[] => {
    const one = whole.get(logPath(run, stream))
    return one === undefined ? (pieces.get(stream) ?? []) : [one]
  })
}
