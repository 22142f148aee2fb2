/** The file of one task: `%a` in the path of an array's log is its number, `%4a` that with at least four digits. */
export function logPathOfTask(path: string, task: number): string {
  return path.replace(/%(\d*)a/g, (_match, digits: string) => String(task).padStart(Number(digits), '0'))
}
