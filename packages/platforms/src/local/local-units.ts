import { logPathOfTask } from '@lautta/core/job/task-log'
import { parseTasks } from '@lautta/core/job/task-set'
import { type Observation, taskId } from '../scheduler.ts'
import { identityOf, type LocalJob } from './local-job.ts'

/** What one runner runs: a job, or one task of an array. Its folder has its name. */
export interface LocalUnit {
  name: string
  id: string
  task: number | null
  /** Of a task, the whole array. */
  job: LocalJob
}

/** Where a unit is that has not ended. */
export type UnitPhase = Pick<Observation, 'phase' | 'startedAt'>
export type LiveUnit = LocalUnit & UnitPhase

/** A unit that waits for a core, or for its turn in the array. */
export const waitingPhase: UnitPhase = { phase: 'pending', startedAt: null }

const waitingReason = 'Resources'

/** All that is to run of a job, in sequence. */
export function unitsOf(id: string, job: LocalJob): LocalUnit[] {
  if (job.array === null) return [{ name: id, id, task: null, job }]
  return (parseTasks(job.array.tasks) ?? []).map((task) => ({ name: taskId(id, task), id, task, job }))
}

/** One task of an array as a job of its own. Its id is not the array's, so that files named for it are its own. */
export function placeTask({ name, task, job }: LocalUnit): LocalJob {
  if (task === null) return job
  return {
    ...{ ...job, array: null },
    outPath: logPathOfTask(job.outPath, task),
    errPath: job.errPath === null ? null : logPathOfTask(job.errPath, task),
    environment: { ...job.environment, SLURM_JOB_ID: name, SLURM_JOBID: name, SLURM_ARRAY_TASK_ID: String(task) }
  }
}

/** Which of them may begin while so many cores are free: in sequence, and of an array as many at once as it says. */
export function chooseNext(units: readonly LiveUnit[], cores: number): LocalUnit[] {
  const running = units.filter(({ phase }) => phase === 'running')
  const byId = new Map<string, number>()
  const count = ({ id }: LocalUnit): void => void byId.set(id, (byId.get(id) ?? 0) + 1)
  running.forEach(count)
  const next: LocalUnit[] = []
  for (const unit of units) {
    if (running.length + next.length >= cores) break
    const most = unit.job.array?.mostAtOnce ?? cores
    if (unit.phase === 'running' || (byId.get(unit.id) ?? 0) >= most) continue
    next.push(unit)
    count(unit)
  }
  return next
}

/** Jobs as a scheduler lists them, of their units that have not ended. */
export function foldUnits(units: readonly LiveUnit[]): Map<string, Observation> {
  const byId = new Map<string, [LiveUnit, ...LiveUnit[]]>()
  for (const unit of units) {
    const others = byId.get(unit.id)
    if (others === undefined) byId.set(unit.id, [unit])
    else others.push(unit)
  }
  return new Map([...byId].map(([id, ofOne]) => [id, observationOf(ofOne)]))
}

function observationOf(units: readonly [LiveUnit, ...LiveUnit[]]): Observation {
  const tasksIn = (phase: LiveUnit['phase']) =>
    units.flatMap((unit) => (unit.phase === phase && unit.task !== null ? [unit.task] : []))
  const [startedAt = null] = units.flatMap((unit) => unit.startedAt ?? []).sort()
  const phase = units.some((unit) => unit.phase === 'running') ? 'running' : 'pending'
  const seen = { phase, reason: phase === 'pending' ? waitingReason : null, startedAt, ...identityOf(units[0].job) } as const
  if (units[0].task === null) return seen
  const listed = [
    { tasks: tasksIn('pending'), phase: 'pending', reason: waitingReason },
    { tasks: tasksIn('running'), phase: 'running', reason: null }
  ] as const
  return { ...seen, tasks: listed.filter(({ tasks }) => tasks.length > 0) }
}
