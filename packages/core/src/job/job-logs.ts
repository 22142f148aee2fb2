import { type LogSource, type LogStream, logStreamOf } from '../object-names.ts'
import type { Attempt } from './job.ts'
import { logPathOfTask } from './task-log.ts'
import { parseTasks } from './task-set.ts'

/** A log that a job writes on its platform. */
export interface LogFile {
  source: LogSource
  /** Null: it is the whole job's. */
  task: number | null
  stream: LogStream
  file: string
}

/**
 * The logs of one source. `live` ones are brought while the job runs, each as an object of its own. Those of the tasks of
 * a large array would be thousands of objects: they are brought once, when it has ended, `together` in one.
 */
export interface SourceLogs {
  source: LogSource
  kept: 'live' | 'together'
  /** In the sequence of the tasks. */
  files: LogFile[]
}

const mostLiveTasks = 100

/** The logs of an attempt, as far as the scheduler told where they are. */
export function logsOf({ outPath, errPath, array }: Pick<Attempt, 'outPath' | 'errPath' | 'array'>): SourceLogs[] {
  const tasks = (array === null ? null : parseTasks(array)) ?? []
  return [
    ...(outPath === null ? [] : [describe('out', outPath, tasks)]),
    // SLURM writes both streams to one file unless it is told otherwise.
    ...(errPath === null || errPath === outPath ? [] : [describe('err', errPath, tasks)])
  ]
}

/** Whether each task has a log of its own, and not all of them one file. */
export function isByTask({ files }: SourceLogs): boolean {
  return files[0]?.task !== null
}

function describe(source: LogSource, path: string, tasks: readonly number[]): SourceLogs {
  const isOneFile = tasks.every((task) => logPathOfTask(path, task) === path)
  if (isOneFile) return { source, kept: 'live', files: [{ source, task: null, stream: source, file: path }] }
  const files = tasks.map((task) => ({ source, task, stream: logStreamOf(source, task), file: logPathOfTask(path, task) }))
  return { source, kept: files.length > mostLiveTasks ? 'together' : 'live', files }
}
