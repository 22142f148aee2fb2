import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { lastRunsOf } from '@lautta/core/accounting/last-runs'
import type { Attempt } from '@lautta/core/job/job'
import { type LogFile, logsOf } from '@lautta/core/job/job-logs'
import type { Run } from '@lautta/core/object-names'
import { endOf, type LogPiece, listPiecesByStream } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { LogReader } from '@lautta/platforms/log-reader'
import { bringPieces } from './bring-pieces.ts'
import { mostSampleBytes } from './file-place.ts'
import { wholeFile } from './log-growth.ts'

/**
 * Brings once more, as a whole, the log of each task of which accounting tells a later run than the file did: SLURM began
 * it anew, and it had grown beyond what was there before. Pieces that were brought since then are of that run, too, and
 * go once all of it is there. A file that surely goes on has both runs in it already: the task appends.
 */
export async function collectLastRuns(
  store: ObjectStore,
  bucket: string,
  reader: LogReader,
  run: Run,
  attempt: Attempt,
  records: readonly AccountingRecord[]
): Promise<void> {
  const again = new Map(lastRunsOf(records).flatMap((one) => (one.restart > 0 ? [[one.arrayTask, one] as const] : [])))
  const live = logsOf(attempt).flatMap((logs) => (logs.kept === 'live' ? logs.files : []))
  const restarted = live.filter(({ task }) => task !== null && again.has(task))
  if (restarted.length === 0) return
  const pieces = await listPiecesByStream(store, bucket, run)
  const isSince = ({ task }: LogFile, { modifiedAt }: LogPiece): boolean => {
    const { startedAtEpoch = null } = again.get(task) ?? {}
    return startedAtEpoch !== null && Date.parse(modifiedAt) >= startedAtEpoch * 1000
  }
  const files = restarted.filter((file) => {
    const all = pieces.get(file.stream) ?? []
    const before = all.findLast((piece) => !isSince(file, piece))
    // What came later was compared with so much of it.
    return endOf(before, all.at(-1)?.restart ?? 0) < mostSampleBytes
  })
  const states = await reader.look(files.map(({ file }) => file))
  const growths = files.flatMap((file) => {
    const restart = again.get(file.task)?.restart ?? 0
    const before = pieces.get(file.stream) ?? []
    const state = states.get(file.file) ?? null
    const isKnown = (before.at(-1)?.restart ?? restart) >= restart
    return isKnown || state === null || state.usedBytes === 0 ? [] : [wholeFile({ file, state }, restart)]
  })
  await bringPieces(store, bucket, reader, run, growths)
  const untrue = files.flatMap((file) => {
    const { restart = 0 } = again.get(file.task) ?? {}
    if (!states.get(file.file)?.usedBytes) return []
    return (pieces.get(file.stream) ?? []).filter((piece) => piece.restart < restart && isSince(file, piece))
  })
  for (const { path } of untrue) await store.delete(bucket, path)
}
