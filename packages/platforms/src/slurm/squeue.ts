import { isoFromEpoch, parseEpoch } from '@lautta/core/accounting/slurm-time'
import { UnavailableError } from '@lautta/core/errors'
import type { ListedTasks } from '@lautta/core/job/job-event'
import { parseTasks } from '@lautta/core/job/task-set'
import type { RemoteCommand } from '../run-command.ts'
import type { Observation } from '../scheduler.ts'
import { joinLines, unknownDelimiter } from './field-delimiter.ts'
import { wholeTaskLists } from './own-cluster.ts'
import { phaseOfState } from './slurm-state.ts'

// Base id, tasks, state, start, reason, submission, name, which may be any text.
const fields = ['%F', '%K', '%T', '%S', '%r', '%V', '%j']

type Line = Omit<Observation, 'tasks'> & { list: string }

/**
 * Lists the user's jobs that have not ended. Of an array there is a line for each task that has begun, and one for all
 * that wait; they are folded into the job by its base id.
 */
export function squeue(): RemoteCommand<ReadonlyMap<string, Observation>> {
  const delimiter = unknownDelimiter()
  return {
    argv: [...wholeTaskLists, 'SLURM_TIME_FORMAT=%s', 'squeue', '--noheader', '--me', `--format=${fields.join(delimiter)}`],
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `squeue ended with ${exitCode}`)
      const byId = new Map<string, Line[]>()
      for (const line of joinLines(stdout, delimiter)) {
        const [id = '', list = '', state = '', start = '', reason = '', submitted = '', jobName] = line.split(delimiter)
        if (jobName === undefined) continue
        const phase = phaseOfState(state)
        const seen: Line = {
          list,
          phase,
          reason: phase === 'pending' ? reason : null,
          startedAt: phase === 'running' ? isoFromEpoch(parseEpoch(start)) : null,
          jobName,
          submittedAtEpoch: parseEpoch(submitted)
        }
        const ofJob = byId.get(id)
        if (ofJob === undefined) byId.set(id, [seen])
        else ofJob.push(seen)
      }
      return new Map([...byId].map(([id, lines]) => [id, foldLines(lines)]))
    }
  }
}

/** An array job runs when one of its tasks does, since the first of them began; the others may be in any sequence. */
function foldLines(lines: readonly Line[]): Observation {
  const { list: _, ...folded } = lines.reduce((one, other) => {
    if (one.phase !== other.phase) return one.phase === 'running' ? one : other
    if (other.startedAt === null) return one
    return one.startedAt === null || other.startedAt < one.startedAt ? other : one
  })
  const tasks = readTasks(lines)
  return tasks === null ? folded : { ...folded, tasks }
}

/** The tasks of an array by what is said of them; null for a job without tasks, and for lists that can't be read. */
function readTasks(lines: readonly Line[]): ListedTasks[] | null {
  const groups = new Map<string, { tasks: number[]; phase: Observation['phase']; reason: string | null }>()
  for (const { list, phase, reason } of lines) {
    // `4-9%4` says that four may run at once.
    const tasks = parseTasks(list.replace(/%\d+$/, ''))
    if (tasks === null || tasks.length === 0) return null
    const key = JSON.stringify([phase, reason])
    const group = groups.get(key) ?? { tasks: [], phase, reason }
    group.tasks.push(...tasks)
    groups.set(key, group)
  }
  return [...groups.values()]
}
