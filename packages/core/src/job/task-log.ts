import type { Attempt } from './job.ts'

// SLURM pads to no more.
const mostDigits = 10

/** The file of one task: `%a` in the path of an array's log is its number, `%4a` that with at least four digits. */
export function logPathOfTask(path: string, task: number): string {
  return path.replace(/%(\d*)a/g, (_match, digits: string) => padded(task, digits))
}

type LogPaths = Pick<Attempt, 'outPath' | 'errPath'>

/** Where a job writes its logs, as far as is known: of an array that only SLURM knows of, nobody can fill in the tasks. */
export function knownLogs({ outPath, errPath }: LogPaths, array: string | null): LogPaths {
  const known = (path: string | null) => (array === null && path !== null && /%\d*a/.test(path) ? null : path)
  return { outPath: known(outPath), errPath: known(errPath) }
}

/** A number as SLURM writes it in the name of a log for a pattern of so many digits; of none when that is empty. */
export function padded(number: number | string, digits: string): string {
  return String(number).padStart(Math.min(Number(digits), mostDigits), '0')
}
