import { LauttaError, UnavailableError } from '@lautta/core/errors'
import { askedQuestionSchema, type Question } from '@lautta/core/messages'
import { DelayedError, Worker } from 'bullmq'
import { leaveAnswer, redisTimeMs } from './answers.ts'
import { askQueue, type Reply } from './ask.ts'
import { connectPatientRedis, type RedisAddress } from './connect-redis.ts'
import { type Consumer, prefix } from './queues.ts'

// Another process may hold the lease of the question's user and platform: it is found by asking around.
const elsewhereMs = 200

/** Answers a question; `elsewhere` gives it back. Once the signal is given nobody waits, and nothing more is to be asked. */
export type Answering = (question: Question, signal: AbortSignal) => Promise<{ answer: unknown } | 'elsewhere'>

/** Answers questions until each one's asker waits no more; closing rejects those in work, and waits for none of them. */
export function consumeAsk(address: RedisAddress, concurrency: number, handle: Answering): Consumer {
  const connection = connectPatientRedis(address)
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

  const worker = new Worker<unknown>(
    askQueue,
    async (job, token) => {
      const answerOne = async (): Promise<Reply | 'elsewhere'> => {
        try {
          const { question, untilMs } = askedQuestionSchema.parse(job.data)
          const leftMs = untilMs - (await redisTimeMs(connection))
          if (leftMs <= 0) throw new UnavailableError('nobody waits for the answer any more')
          const found = await answerInTime(question, leftMs)
          return found === 'elsewhere' ? found : { kind: 'answered', answer: found.answer }
        } catch (error) {
          return { kind: 'failed', ...wordsOf(error) }
        }
      }
      const reply = await answerOne()
      if (reply === 'elsewhere') {
        await job.moveToDelayed(Date.now() + elsewhereMs, token)
        throw new DelayedError()
      }
      await leaveAnswer(connection, String(job.id), reply)
    },
    { connection, prefix, concurrency }
  )
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
