import { readDirectives } from '@lautta/core/batch-script'
import { logPathOfTask, padded } from '@lautta/core/job/task-log'
import type { Submission } from '../scheduler.ts'

/** What scontrol's line says of an array: of its tasks that wait, or of one that has begun. */
export interface ArrayLine {
  rawId: string
  arrayId: string
  /** The number of the task, when it is one. */
  task: number | null
  workingDirectory: string
}

/** File names as they were asked for, with sbatch's own patterns in them. */
export interface LogPatterns {
  out: string
  err: string
}

// In place of the number of a task that has none yet, SLURM writes its NO_VAL.
const noTask = 4_294_967_294

/** What a line of `scontrol show job --oneliner` says of an array; null for any other job. */
export function readArrayLine(scontrol: string): ArrayLine | null {
  const [, rawId, arrayId, list] = /^JobId=(\d+) ArrayJobId=(\d+) ArrayTaskId=(\S+) /.exec(scontrol) ?? []
  if (rawId === undefined || arrayId === undefined || list === undefined) return null
  const [, workingDirectory = ''] = / WorkDir=(.*) StdErr=/.exec(scontrol) ?? []
  return { rawId, arrayId, task: /^\d+$/.test(list) ? Number(list) : null, workingDirectory }
}

/** The names of the log's files that a submission asks for; without any, those that sbatch chooses. */
export function logPatternsOf({ options, script }: Submission): LogPatterns {
  const directives = readDirectives(script)
  const asked = (name: string): string | null => {
    const text = options[name] ?? directives[name]
    return text === undefined || text === true ? null : String(text)
  }
  const out = asked('output') ?? 'slurm-%A_%a.out'
  return { out, err: asked('error') ?? out }
}

/**
 * The path of a log with `%a` where the number of a task stands, from the path that scontrol shows for one of them. What
 * was asked for is believed when it leads to that path; else the number is looked for. Null when that leaves it open, and
 * when the path has something else in it that differs from task to task.
 */
export function findTaskPath(shown: string, line: ArrayLine, pattern: string | null): string | null {
  if (pattern === null) return guessTaskPath(shown, line)
  // The id of the task's own job, its step and its node.
  if (/%\d*[jJsNntb]/.test(pattern)) return null
  const path = pattern.startsWith('/') ? pattern : `${line.workingDirectory}/${pattern}`
  const known = path.replace(/%(\d*)A/g, (_match, digits: string) => padded(line.arrayId, digits))
  // Older versions show as it stands what has a width.
  const shownFor = (task: number) => [
    logPathOfTask(known, task),
    path.replaceAll('%A', line.arrayId).replaceAll('%a', String(task))
  ]
  const isShown = [noTask, line.task ?? noTask].some((task) => shownFor(task).includes(shown))
  return isShown ? known : guessTaskPath(shown, line)
}

function guessTaskPath(shown: string, { rawId, arrayId, task }: ArrayLine): string | null {
  // Something that is not filled in, or only in part: newer versions show the beginning of a very large width.
  if (/%\d*[A-Zb-z]|%\d+(?![\da])/.test(shown)) return null
  if (shown.includes(String(noTask))) return shown.replaceAll(String(noTask), '%a')
  const numbers: string[] = shown.match(/\d+/g) ?? []
  const ofTask = numbers.filter((one) => task !== null && Number(one) === task)
  const [only = ''] = ofTask
  if (ofTask.length === 1 && !(rawId !== arrayId && numbers.includes(rawId))) {
    return shown.replace(new RegExp(`(?<!\\d)${only}(?!\\d)`), only === String(task) ? '%a' : `%${only.length}a`)
  }
  // One file for all of them; but an id may be that of one task's own job.
  return ofTask.length === 0 && ![rawId, arrayId].some((id) => numbers.includes(id)) ? shown : null
}
