import { type EndedTask, reasonOf } from '@lautta/core/ended-task'
import type { Job } from 'bullmq'
import type { EndedTasks } from './ended-tasks.ts'

type About = Partial<Pick<EndedTask, 'platform' | 'orchestration' | 'index' | 'attempt'>> & Pick<EndedTask, 'user'>

/** How the handling of a message went: why it failed, or null. */
export type Handled = { failure: unknown } | null

/** Handles a message and tells that it ended; when `handle` throws it was given back, and has not. One that is handled twice is told twice. */
export async function handleTask(
  tasks: EndedTasks,
  name: EndedTask['name'],
  job: Pick<Job, 'timestamp' | 'opts'>,
  about: About,
  handle: () => Promise<Handled>
): Promise<void> {
  const startedMs = Date.now()
  const handled = await handle()
  const isFailed = handled !== null
  await tasks.tell({
    ...{ name, state: isFailed ? 'failed' : 'completed', reason: isFailed ? reasonOf(handled.failure) : null },
    // When it was due; the sender's clock may be ahead.
    ...{ receivedMs: Math.min(job.timestamp + (job.opts.delay ?? 0), startedMs), startedMs, endedMs: Date.now() },
    ...{ platform: null, orchestration: null, index: null, attempt: null, ...about }
  })
}
