import { hostname } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { parseTimeLimit } from '@lautta/core/accounting/slurm-time'
import { readDirectives } from '@lautta/core/batch-script'
import { formatTasks, parseArray } from '@lautta/core/job/task-set'
import type { Submission } from '../scheduler.ts'
import type { LocalJob } from './local-job.ts'

/** What will run, before it has an id and a folder; or why it can't. */
export type LocalPlan = { refused: string } | { workingDirectory: string | null; placeJob(id: string, folder: string): LocalJob }

const graceSeconds = 10

/** Reads the `#SBATCH` options that platform `local` honours: job-name, output, error, time, chdir, array. */
export function planLocalJob(submission: Submission, environment: Readonly<Record<string, string>>): LocalPlan {
  if (!submission.script.startsWith('#!')) {
    return {
      refused: 'This does not look like a batch script. The first line must start with #! followed by the path to an interpreter.'
    }
  }
  if (submission.modules.length > 0) return { refused: 'platform local has no modules' }
  const options = { ...readDirectives(submission.script), ...submission.options }
  const text = (name: string): string | null =>
    options[name] === undefined || options[name] === true ? null : String(options[name])
  const time = text('time')
  const timeLimitSeconds = time === null ? null : readTime(time)
  if (timeLimitSeconds === undefined) return { refused: `Invalid --time specification: ${time}` }
  const arrayText = submission.array ?? text('array')
  const array = arrayText === null ? null : parseArray(arrayText)
  if (arrayText !== null && array === null) return { refused: `Invalid job array specification: ${arrayText}` }
  const folder = text('chdir') ?? submission.workingDirectory
  const workingDirectory = folder === null ? null : inHome(folder, environment.HOME ?? '/')
  const placeJob = (id: string, own: string): LocalJob => {
    const home = workingDirectory ?? own
    const place = (pattern: string) => absolute(home, fillPattern(pattern, id, submission.jobName, array !== null))
    const error = text('error')
    return {
      jobName: submission.jobName,
      token: submission.token,
      script: join(own, 'script'),
      workingDirectory: home,
      outPath: place(text('output') ?? (array === null ? 'slurm-%j.out' : 'slurm-%A_%a.out')),
      errPath: error === null ? null : place(error),
      array: array === null ? null : { tasks: formatTasks(array.tasks), mostAtOnce: array.mostAtOnce },
      timeLimitSeconds,
      graceSeconds,
      environment: {
        ...environment,
        ...submission.environment,
        ...slurmEnvironment(id, submission.jobName, home),
        ...(array === null ? {} : arrayEnvironment(id, array.tasks))
      },
      submittedAt: new Date().toISOString()
    }
  }
  return { workingDirectory, placeJob }
}

function readTime(text: string): number | null | undefined {
  if (/^(?:unlimited|infinite|-1|0)$/i.test(text)) return null
  return parseTimeLimit(text) ?? undefined
}

/** sbatch's filename pattern, as far as there is one node. Of an array the number of the task stays open, as `%a`. */
function fillPattern(pattern: string, id: string, jobName: string, isArray: boolean): string {
  const own = isArray ? `${id}_%a` : id
  const values: Readonly<Record<string, string>> = { '%': '%', A: id, j: own, x: jobName, N: hostname(), n: '0', t: '0' }
  return pattern.replace(/%\d*([%AjxNnt])/g, (_match, letter: string) => values[letter] ?? '')
}

/** Where commands of this platform see a path: they run in the home folder. */
function inHome(path: string, home: string): string {
  return resolve(home, path.replace(/^~(?=\/|$)/, '.'))
}

function absolute(directory: string, path: string): string {
  return isAbsolute(path) ? path : join(directory, path)
}

function slurmEnvironment(id: string, jobName: string, directory: string): Record<string, string> {
  return {
    SLURM_JOB_ID: id,
    SLURM_JOBID: id,
    SLURM_JOB_NAME: jobName,
    SLURM_SUBMIT_DIR: directory,
    SLURM_SUBMIT_HOST: hostname(),
    SLURM_JOB_NODELIST: hostname(),
    SLURM_NODELIST: hostname(),
    SLURM_JOB_NUM_NODES: '1',
    SLURM_NTASKS: '1',
    SLURM_PROCID: '0',
    SLURM_RESTART_COUNT: '0'
  }
}

/** What SLURM tells every task of the array; its own number comes when it begins. */
function arrayEnvironment(id: string, tasks: readonly number[]): Record<string, string> {
  return {
    SLURM_ARRAY_JOB_ID: id,
    SLURM_ARRAY_TASK_COUNT: String(tasks.length),
    SLURM_ARRAY_TASK_MIN: String(tasks[0]),
    SLURM_ARRAY_TASK_MAX: String(tasks.at(-1))
  }
}
