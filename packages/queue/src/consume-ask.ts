import { LauttaError, UnavailableError } from '@lautta/core/errors'
import { type AskedQuestion, askedQuestionSchema, type Question } from '@lautta/core/messages'
import { DelayedError, type Job, Worker } from 'bullmq'
import { leaveAnswer, redisTimeMs } from './answers.ts'
import { askQueue, type Reply } from './ask.ts'
import { connectPatientRedis, type RedisAddress } from './connect-redis.ts'
import { createEndedTasks } from './ended-tasks.ts'
import { handleTask } from './handle-task.ts'
import { type Consumer, prefix } from './queues.ts'

// Another process may hold the lease of the question's user and platform: it is found by asking around.
const elsewhereMs = 200

/** Answers a question; `elsewhere` gives it back. Once the signal is given nobody waits, and nothing more is to be asked. */
export type Answering = (question: Question, signal: AbortSignal) => Promise<{ answer: unknown } | 'elsewhere'>

/** What came of a question: what its asker is told, and whether the task failed. */
type Answered = { reply: Reply; ended: { failure: unknown } | null } | 'elsewhere'

/** Answers questions until each one's asker waits no more; closing rejects those in work, and waits for none of them. */
export function consumeAsk(address: RedisAddress, concurrency: number, handle: Answering): Consumer {
  const connection = connectPatientRedis(address)
  const tasks = createEndedTasks(connection)
  const inWork = new Set<AbortController>()
  let isClosing = false

  const answerInTime = async (question: Question, leftMs: number): ReturnType<Answering> => {
    if (isClosing) throw endingError()
    const asking = new AbortController()
    const aborted = new Promise<never>((_resolve, reject) => {
      asking.signal.addEventListener('abort', () => reject(asking.signal.reason))
    })
    const giveUp = () => asking.abort(new UnavailableError(`${question.platform} did not answer in time`))
    const timer = setTimeout(giveUp, leftMs)
    inWork.add(asking)
    try {
      return await Promise.race([handle(question, asking.signal), aborted])
    } finally {
      clearTimeout(timer)
      inWork.delete(asking)
    }
  }

  const answerOne = async ({ question, untilMs }: AskedQuestion): Promise<Answered> => {
    try {
      const leftMs = untilMs - (await redisTimeMs(connection))
      if (leftMs <= 0) throw new UnavailableError('nobody waits for the answer any more')
      const found = await answerInTime(question, leftMs)
      return found === 'elsewhere' ? found : { reply: { kind: 'answered', answer: found.answer }, ended: null }
    } catch (failure) {
      return { reply: { kind: 'failed', ...wordsOf(failure) }, ended: { failure } }
    }
  }

  const work = async (job: Job<unknown>, token?: string): Promise<void> => {
    const parsed = askedQuestionSchema.safeParse(job.data)
    if (!parsed.success) return leaveAnswer(connection, String(job.id), { kind: 'failed', ...wordsOf(parsed.error) })
    const { user, platform } = parsed.data.question
    await handleTask(tasks, 'ask', job, { user, platform }, async () => {
      const answered = await answerOne(parsed.data)
      if (answered === 'elsewhere') {
        await job.moveToDelayed(Date.now() + elsewhereMs, token)
        throw new DelayedError()
      }
      await leaveAnswer(connection, String(job.id), answered.reply)
      return answered.ended
    })
  }
  const worker = new Worker<unknown>(askQueue, work, { connection, prefix, concurrency })
  worker.on('error', () => {})
  return {
    async close() {
      isClosing = true
      for (const asking of inWork) asking.abort(endingError())
      await worker.close()
      connection.disconnect()
    }
  }
}

function endingError(): UnavailableError {
  return new UnavailableError('this part of Lautta is ending', { hint: 'ask again soon' })
}

/** What the asker may read. */
function wordsOf(error: unknown): { reason: string; hint?: string } {
  if (!(error instanceof LauttaError)) return { reason: 'something unexpected happened' }
  return { reason: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }
}
