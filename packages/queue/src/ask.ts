import { randomUUID } from 'node:crypto'
import { LauttaError, UnavailableError } from '@lautta/core/errors'
import { type Question, questionSchema } from '@lautta/core/messages'
import { DelayedError, Queue, QueueEvents, Worker } from 'bullmq'
import { z } from 'zod'
import { connectPatientRedis, connectRedis, type RedisAddress } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'
import { type Consumer, prefix } from './queues.ts'

const name = 'ask'
const answerMs = 30_000
// Another process may hold the lease of the question's user and platform: it is found by asking around.
const elsewhereMs = 200
const mostTurns = answerMs / elsewhereMs
// What an asker may have missed while its connection was away; answers of all askers are among them.
const eventsKept = 1000

const replySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), answer: z.unknown() }),
  z.object({ kind: z.literal('failed'), reason: z.string(), hint: z.string().optional() })
])
type Reply = z.input<typeof replySchema>

/** The forwarder's door to whoever drives the platforms. */
export interface Asker {
  /** The answer to a question. Throws UnavailableError when nobody answers in time, or who was asked could not find out. */
  ask<Schema extends z.ZodType>(question: Question, answerSchema: Schema): Promise<z.output<Schema>>
  close(): Promise<void>
}

export function createAsker(address: RedisAddress, waitMs = answerMs): Asker {
  const connection = connectRedis(address)
  const listening = connectPatientRedis(address)
  const queue = new Queue<Question>(name, { connection, prefix, streams: { events: { maxLen: eventsKept } } })
  // From the first event that is kept: one between a question and the first reading would be missed otherwise.
  const events = new QueueEvents(name, { connection: listening, prefix, lastEventId: '0' })
  const waiting = new Map<string, (reply: unknown) => void>()
  queue.on('error', () => {})
  events.on('error', () => {})
  events.on('completed', ({ jobId, returnvalue }) => waiting.get(jobId)?.(returnvalue))
  events.on('failed', ({ jobId, failedReason }) => waiting.get(jobId)?.({ kind: 'failed', reason: failedReason }))

  const waitFor = async (id: string, question: Question): Promise<unknown> => {
    const replied = new Promise<unknown>((resolve) => waiting.set(id, resolve))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      const { platform } = question
      timer = setTimeout(() => reject(new UnavailableError(`nobody answered for ${platform} in ${waitMs / 1000} s`)), waitMs)
    })
    try {
      const added = withinDeadline(queue.add(name, question, { jobId: id, removeOnComplete: true, removeOnFail: true })).catch(
        (cause: unknown) => {
          throw new UnavailableError('the queue of questions does not answer', { cause })
        }
      )
      return await Promise.race([added.then(() => replied), late])
    } catch (error) {
      // So that nobody works for nothing. Where it can't be removed it is in work already, or Redis is away.
      await withinDeadline(queue.remove(id)).catch(() => {})
      throw error
    } finally {
      clearTimeout(timer)
      waiting.delete(id)
    }
  }

  return {
    async ask(question, answerSchema) {
      const reply = replySchema.parse(await waitFor(randomUUID(), question))
      if (reply.kind === 'answered') return answerSchema.parse(reply.answer)
      throw new UnavailableError(reply.reason, reply.hint === undefined ? {} : { hint: reply.hint })
    },
    async close() {
      await Promise.all([queue.close(), events.close()])
      connection.disconnect()
      listening.disconnect()
    }
  }
}

/** Answers questions; `elsewhere` gives one back, for the process which holds the lease to take. */
export function consumeAsk(
  address: RedisAddress,
  concurrency: number,
  handle: (question: Question) => Promise<{ answer: unknown } | 'elsewhere'>
): Consumer {
  const connection = connectPatientRedis(address)
  const options = { connection, prefix, concurrency }
  const worker = new Worker<Question, Reply>(
    name,
    async (job, token): Promise<Reply> => {
      try {
        const found = await handle(questionSchema.parse(job.data))
        if (found !== 'elsewhere') return { kind: 'answered', answer: found.answer }
      } catch (error) {
        return { kind: 'failed', ...wordsOf(error) }
      }
      // Its asker may be gone, and nobody would ever take it away.
      if (job.attemptsStarted >= mostTurns) return { kind: 'failed', reason: 'the lease of this platform is not given back' }
      await job.moveToDelayed(Date.now() + elsewhereMs, token)
      throw new DelayedError()
    },
    options
  )
  worker.on('error', () => {})
  return {
    async close() {
      await worker.close()
      connection.disconnect()
    }
  }
}

/** What the asker may read. */
function wordsOf(error: unknown): { reason: string; hint?: string } {
  if (!(error instanceof LauttaError)) return { reason: 'something unexpected happened' }
  return { reason: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }
}
