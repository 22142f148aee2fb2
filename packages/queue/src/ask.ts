import { randomUUID } from 'node:crypto'
import { UnavailableError } from '@lautta/core/errors'
import type { AskedQuestion, Question } from '@lautta/core/messages'
import { Queue, QueueEvents } from 'bullmq'
import { z } from 'zod'
import { redisTimeMs, takeAnswer } from './answers.ts'
import { connectPatientRedis, connectRedis, type RedisAddress } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'
import { prefix } from './queues.ts'

/** The queue of questions. */
export const askQueue = 'ask'
const answerMs = 30_000
// What an asker may have missed while its connection was away; those of all askers are among them.
const eventsKept = 1000

const replySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), answer: z.unknown() }),
  z.object({ kind: z.literal('failed'), reason: z.string(), hint: z.string().optional() })
])
/** What came of a question; `reason` and `hint` are for the asker to read. */
export type Reply = z.input<typeof replySchema>

/** The forwarder's door to whoever drives the platforms. */
export interface Asker {
  /** The answer to a question. Throws UnavailableError when nobody answers in time, or who was asked could not find out. */
  ask<Schema extends z.ZodType>(question: Question, answerSchema: Schema): Promise<z.output<Schema>>
  close(): Promise<void>
}

export function createAsker(address: RedisAddress, waitMs = answerMs): Asker {
  const connection = connectRedis(address)
  const listening = connectPatientRedis(address)
  const queue = new Queue<AskedQuestion>(askQueue, { connection, prefix, streams: { events: { maxLen: eventsKept } } })
  // From the first event that is kept: one between a question and the first reading would be missed otherwise.
  const events = new QueueEvents(askQueue, { connection: listening, prefix, lastEventId: '0' })
  const waiting = new Map<string, (failure: string | null) => void>()
  queue.on('error', () => {})
  events.on('error', () => {})
  events.on('completed', ({ jobId }) => waiting.get(jobId)?.(null))
  events.on('failed', ({ jobId, failedReason }) => waiting.get(jobId)?.(failedReason))

  const add = async (id: string, question: Question): Promise<void> => {
    try {
      // The first question may come before the connection is there.
      await withinDeadline(queue.waitUntilReady())
      const untilMs = (await withinDeadline(redisTimeMs(connection))) + waitMs
      const options = { jobId: id, removeOnComplete: true, removeOnFail: true }
      await withinDeadline(queue.add(askQueue, { question, untilMs }, options))
    } catch (cause) {
      throw new UnavailableError('the queue of questions does not answer', { cause })
    }
  }

  const waitFor = async (id: string, question: Question): Promise<void> => {
    const replied = new Promise<string | null>((resolve) => waiting.set(id, resolve))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      const { platform } = question
      timer = setTimeout(() => reject(new UnavailableError(`nobody answered for ${platform} in ${waitMs / 1000} s`)), waitMs)
    })
    try {
      const failure = await Promise.race([add(id, question).then(() => replied), late])
      if (failure !== null) throw new UnavailableError(failure)
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
      const id = randomUUID()
      await waitFor(id, question)
      const left = await withinDeadline(takeAnswer(connection, id))
      if (left === null) throw new UnavailableError('an answer was given, and lost on its way', { hint: 'ask again' })
      const reply = replySchema.parse(left)
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
