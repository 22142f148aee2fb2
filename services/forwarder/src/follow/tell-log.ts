import { spreadTasks } from '@lautta/core/job/array-tasks'
import { type Attempt, isFinished } from '@lautta/core/job/job'
import type { FollowedLog } from './followed-log.ts'
import { createTextCutter, type ToldText } from './text-cutter.ts'

interface Following {
  log: FollowedLog
  /** The byte of the log to begin with. */
  from: number
  /** Aborted when the follower has left. */
  signal: AbortSignal
  /** So long nothing may be said. */
  heartbeatMs: number
}

/** The bytes of a log as they come, until nothing more will; `onQuiet` is called now and then while nothing does. */
export async function* tellBytes({ log, from, signal, heartbeatMs }: Following, onQuiet: () => void): AsyncGenerator<Buffer> {
  let position = from
  for (;;) {
    while (position < log.usedBytes()) {
      const bytes = await log.read(position, signal)
      position += bytes.length
      yield bytes
    }
    if (log.end() !== null) return
    if (!(await log.untilMore(position, { ms: heartbeatMs, signal }))) onQuiet()
  }
}

/**
 * A log as server-sent events, with the text as a JSON string and the byte behind it as the id, and one event that says
 * how the job ended. A line is told once it is complete, or has stood there for a while.
 */
export async function* tellEvents(
  { log, from, signal, heartbeatMs }: Following,
  { idOf, task }: { idOf(offset: number): string; task: number | null }
): AsyncGenerator<string> {
  const cutter = createTextCutter(from)
  // Longer than the usual interval between two listings, with which the rest of a line comes mostly.
  const heldLineMs = heartbeatMs / 2
  let position = from
  let heldSinceMs: number | null = null
  const format = (told: readonly ToldText[]): string =>
    told.map(({ text, endsAt }) => `id: ${idOf(endsAt)}\ndata: ${asJson(text)}\n\n`).join('')
  for (;;) {
    while (position < log.usedBytes()) {
      const bytes = await log.read(position, signal)
      position += bytes.length
      const told = cutter.take(bytes)
      if (told.length > 0) heldSinceMs = null
      yield format(told)
    }
    const end = log.end()
    if (end !== null) {
      yield format(cutter.finish())
      yield `id: ${idOf(position)}\nevent: end\ndata: ${asJson(describeEnd(end, task))}\n\n`
      return
    }
    if (cutter.isHolding()) heldSinceMs ??= performance.now()
    const ms = heldSinceMs === null ? heartbeatMs : heldLineMs - (performance.now() - heldSinceMs)
    if (await log.untilMore(position, { ms, signal })) continue
    yield heldSinceMs === null ? ': still here\n\n' : format(cutter.tellHeld())
    heldSinceMs = null
  }
}

/** How the job ended, or of an array the task whose log it is. */
function describeEnd(attempt: Attempt, task: number | null): object {
  const ended = isFinished(attempt) ? attempt.state : null
  const { outcome = null, exitCode = null, reason = null } = (task === null ? ended : spreadTasks(attempt).get(task)) ?? {}
  return { attempt: attempt.attempt, task, outcome, 'exit-code': exitCode, reason }
}

/** JSON without what some readers take for the end of a line. */
function asJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}
