import { knownLogs } from '@lautta/core/job/task-log'
import type { AcceptedJob } from '@lautta/platforms/scheduler'
import type { PlatformWork } from './job-work.ts'

const unknownLogs =
  'where the tasks write their logs is not known: --output=slurm-%A_%a.out would be, and what has %j in it is not'
const unknownArray =
  'SLURM made it an array, and which tasks it has is not known: it is followed as a whole, without their logs; give the job an `array`'

/** Tells of an array that was accepted that nobody knows where its tasks write their logs. */
export async function tellUnknownLogs(
  { notice }: Pick<PlatformWork, 'notice'>,
  array: string | null,
  paths: AcceptedJob
): Promise<void> {
  if (knownLogs(paths, array).outPath !== null) return
  if (array !== null) await notice(unknownLogs)
  else if (paths.outPath !== null) await notice(unknownArray)
}
