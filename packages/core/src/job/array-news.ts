import { cancelledTasks, groupTasks, neverBegan, openTask, spreadTasks, type TaskState } from './array-tasks.ts'
import { type Job, slurmJobIdOf } from './job.ts'
import type { Ending, JobEvent, ListedTasks, SchedulerPhase } from './job-event.ts'
import { worstOutcome } from './outcome.ts'

type TasksFound = Extract<JobEvent, { type: 'tasksFound' }>

/** An array after news of its tasks, what they mean for the job as a whole, and words for the history. */
interface ArrayNews {
  job: Job
  event: JobEvent
  notice: string | null
}

/**
 * Takes in what is said of the tasks of an array, and makes it news of a plain job: it runs since the first of them
 * began, and has ended when all have, as the worst of them did. Other jobs, and other events, stay as they are.
 */
export function foldTaskNews(job: Job, event: JobEvent): ArrayNews {
  const keep = { job, event, notice: null }
  if (job.array === null) return { ...keep, event: goesOn(job, event) }
  switch (event.type) {
    case 'observed': {
      if (event.tasks === undefined) return { ...keep, event: { ...event, startedAt: job.startedAt ?? event.startedAt } }
      const states = listTasks(job, event.tasks)
      const phase = phaseOf(job, states, event.phase)
      // That later tasks begin later is no restart.
      return { ...keep, job: withTasks(job, states), event: { ...event, phase, startedAt: job.startedAt ?? event.startedAt } }
    }
    case 'goneFromScheduler':
      return { ...keep, job: withTasks(job, listTasks(job, [])) }
    case 'tasksFound': {
      const states = recordTasks(job, event)
      const after = withTasks(job, states)
      const ending = endingOf(after, states, event)
      if (ending !== null) return { job: after, event: { type: 'accountingFound', ending }, notice: null }
      return { ...keep, job: after, notice: firstFailure(job, states) }
    }
    case 'neverHeardOf':
      return { ...keep, job: withTasks(job, loseTasks(job)) }
    default:
      return keep
  }
}

/** Nobody knows all tasks of an array that SLURM alone made one: that those listed change, or wait, is no restart of it. */
function goesOn({ state, startedAt }: Job, event: JobEvent): JobEvent {
  if (state.kind !== 'running' || event.type !== 'observed' || event.tasks === undefined) return event
  return { ...event, phase: 'running', startedAt }
}

/** Whether tasks of an array are not listed any more, and accounting has not told yet how they ended. */
export function hasTasksEnding({ array, tasks }: Pick<Job, 'array' | 'tasks'>): boolean {
  return array !== null && tasks.some(({ state }) => state === 'finishing')
}

/** The tasks of an array that is not listed any more of which no end is known, with what accounting says now. */
export function tasksWithoutEnd(job: Job, endings: TasksFound['endings']): number[] {
  const states = recordTasks(job, { type: 'tasksFound', endings, isAll: false })
  return [...states].flatMap(([task, { state }]) => (state === 'finished' ? [] : [task]))
}

function withTasks(job: Job, states: ReadonlyMap<number, TaskState>): Job {
  return { ...job, tasks: groupTasks(states) }
}

/** What is listed waits or runs, whatever was known of it: it may have been requeued. All else has ended, or is about to. */
function listTasks(job: Job, listed: readonly ListedTasks[]): Map<number, TaskState> {
  const seen = new Map(
    listed.flatMap(({ tasks, phase, reason }) => {
      const state = openTask(phase === 'running' ? 'running' : 'queued', reason)
      return tasks.map((task) => [task, state] as const)
    })
  )
  const states = spreadTasks(job)
  const cancelled = cancelledTasks(job)
  for (const [task, before] of states) {
    // A task that waited when we had it cancelled leaves no record; should it have one, accounting's word counts.
    const isCancelled = before.state === 'queued' && cancelled.has(task)
    const gone = before.state === 'finished' ? before : isCancelled ? endedTask('cancelled', neverBegan) : openTask('finishing')
    states.set(task, seen.get(task) ?? gone)
  }
  return states
}

function recordTasks(job: Job, { endings, isAll }: TasksFound): Map<number, TaskState> {
  const states = spreadTasks(job)
  for (const [task, { state }] of states) {
    // It is listed: what accounting says of it is of an earlier run, or is news of the next listing.
    if (state === 'queued' || state === 'running') continue
    const ending = endings.get(task)
    if (ending) states.set(task, { ...endedTask(ending.outcome, ending.reason), exitCode: ending.exitCode })
    else if (isAll && state === 'finishing') states.set(task, endedTask('cancelled', neverBegan))
  }
  return states
}

function loseTasks(job: Job): Map<number, TaskState> {
  const lost = endedTask('lost', 'accounting never heard of it')
  return new Map([...spreadTasks(job)].map(([task, before]) => [task, before.state === 'finished' ? before : lost]))
}

function endedTask(outcome: Ending['outcome'], reason: string | null): TaskState {
  return { state: 'finished', outcome, exitCode: null, reason }
}

/** An array of which tasks have begun runs until the last has ended, also while all that are left wait. */
function phaseOf({ state }: Job, states: ReadonlyMap<number, TaskState>, listed: SchedulerPhase): SchedulerPhase {
  const hasBegun = [...states.values()].some((one) => one.state !== 'queued' && one.reason !== neverBegan)
  return state.kind === 'running' && hasBegun ? 'running' : listed
}

/** How the array ended, once all of its tasks have. */
function endingOf(job: Job, states: ReadonlyMap<number, TaskState>, { endings }: TasksFound): Ending | null {
  if ([...states.values()].some(({ state }) => state !== 'finished')) return null
  const outcome = worstOutcome([...states.values()].map((one) => one.outcome))
  const [task, worst] = [...states].find(([, one]) => one.outcome === outcome) ?? []
  if (outcome === null || task === undefined || worst === undefined) return null
  const told = [...endings.values()].filter((ending) => ending !== null)
  const sorted = (times: readonly (string | null)[]): string[] => times.filter((time) => time !== null).sort()
  return {
    outcome,
    exitCode: worst.exitCode,
    reason: worst.reason === null ? null : wordsAbout(job, task, worst.reason),
    startedAt: sorted(told.map(({ startedAt }) => startedAt)).at(0) ?? null,
    endedAt: sorted(told.map(({ endedAt }) => endedAt)).at(-1) ?? null
  }
}

/** Worth a line in the history: the first task that did not complete, and none of those after it. */
function firstFailure(before: Job, states: ReadonlyMap<number, TaskState>): string | null {
  const hasFailed = ({ outcome }: TaskState) => outcome !== null && outcome !== 'completed' && outcome !== 'cancelled'
  if (before.tasks.some(hasFailed)) return null
  const [task, failed] = [...states].find(([, state]) => hasFailed(state)) ?? []
  return task === undefined || failed === undefined ? null : wordsAbout(before, task, failed.reason ?? 'failed')
}

function wordsAbout(job: Job, task: number, reason: string): string {
  return `${slurmJobIdOf(job)}_${task}: ${reason}`
}
