// SLURM pads to no more.
const mostDigits = 10

/** The file of one task: `%a` in the path of an array's log is its number, `%4a` that with at least four digits. */
export function logPathOfTask(path: string, task: number): string {
  return path.replace(/%(\d*)a/g, (_match, digits: string) => padded(task, digits))
}

/** Whether the path is another one for each task. */
export function hasPlaceOfTask(path: string): boolean {
  return /%\d*a/.test(path)
}

/** A number as SLURM writes it in the name of a log for a pattern of so many digits; of none when that is empty. */
export function padded(number: number | string, digits: string): string {
  return String(number).padStart(Math.min(Number(digits), mostDigits), '0')
}
