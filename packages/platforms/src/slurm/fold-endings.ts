import { worstOutcome } from '@lautta/core/job/outcome'
import type { RecordedEnding } from '../scheduler.ts'

/** How one task of an array ended, by its own id (`20_7`); null while it has not. */
export interface TaskEnding {
  taskId: string
  ending: RecordedEnding | null
}

/** The ending of an array job: the worst of its tasks' endings, once all of them have ended. A plain job is one task. */
export function foldEndings(tasks: readonly TaskEnding[]): RecordedEnding | null {
  const endings = tasks.flatMap(({ taskId, ending }) => (ending === null ? [] : [{ ...ending, taskId }]))
  if (endings.length < tasks.length) return null
  const outcome = worstOutcome(endings.map((ending) => ending.outcome))
  const worst = endings.find((ending) => ending.outcome === outcome)
  if (worst === undefined) return null
  const { taskId, reason, ...ending } = worst
  return {
    ...ending,
    reason: reason === null || tasks.length === 1 ? reason : `${taskId}: ${reason}`,
    startedAt: sorted(endings.map(({ startedAt }) => startedAt)).at(0) ?? null,
    endedAt: sorted(endings.map(({ endedAt }) => endedAt)).at(-1) ?? null
  }
}

function sorted(times: readonly (string | null)[]): string[] {
  return times.filter((time) => time !== null).sort()
}
