/** Tasks of an array job, and how many of them may run at once; null is as many as can. */
export interface TaskArray {
  tasks: number[]
  mostAtOnce: number | null
}

// SLURM's own bound for MaxArraySize, and what we keep track of in one job.
const highestTask = 4_000_000
const mostTasks = 100_000

/**
 * Reads `--array` as slurmctld does: `0-15`, `4,7,22`, `1-100:20`, each with `%5` at its end, where 0 is no limit; also in
 * brackets, and with blanks before a number. Null for anything else.
 */
export function parseArray(text: string): TaskArray | null {
  const [, list = '', most] = /^\[?([\d,: \t-]+)\]?(?:%(\d+))?$/.exec(text.trim()) ?? []
  const tasks = parseTasks(list.replace(/([,:-])[ \t]+/g, '$1'))
  if (tasks === null || tasks.length === 0) return null
  return { tasks, mostAtOnce: Number(most ?? 0) || null }
}

/** Reads a list of tasks, such as `0-3,7` or `1-100:20`, in ascending sequence; null for what is none. */
export function parseTasks(text: string): number[] | null {
  const tasks = new Set<number>()
  let left = mostTasks
  for (const part of text === '' ? [] : text.split(',')) {
    const [, first, last = first, step = '1'] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part) ?? []
    const [from, to, by] = [Number(first), Number(last), Number(step)]
    if (first === undefined || to < from || by === 0 || to > highestTask) return null
    left -= Math.floor((to - from) / by) + 1
    if (left < 0) return null
    for (let task = from; task <= to; task += by) tasks.add(task)
  }
  return [...tasks].sort((one, other) => one - other)
}

/** Writes a list of tasks the short way: `0-3,7`. */
export function formatTasks(tasks: Iterable<number>): string {
  const ranges: [number, number][] = []
  for (const task of [...new Set(tasks)].sort((one, other) => one - other)) {
    const range = ranges.at(-1)
    if (range !== undefined && task === range[1] + 1) range[1] = task
    else ranges.push([task, task])
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',')
}
