import { randomUUID } from 'node:crypto'
import { UnavailableError } from '@lautta/core/errors'
import type { AskedQuestion, Question } from '@lautta/core/messages'
import { Queue } from 'bullmq'
import { z } from 'zod'
import { followAnswers, redisTimeMs, takeAnswer } from './answers.ts'
import { connectRedis, type RedisAddress } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'
import { prefix } from './queues.ts'

/** The queue of questions. */
export const askQueue = 'ask'
const answerMs = 30_000
const lookAgainMs = 1000
// Nobody reads them.
const eventsKept = 100

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
  const queue = new Queue<AskedQuestion>(askQueue, { connection, prefix, streams: { events: { maxLen: eventsKept } } })
  queue.on('error', () => {})
  const waiting = new Map<string, () => void>()
  const listening = followAnswers(address, (id) => waiting.get(id)?.())

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

  /** Looks when it is told that the answer is there, and every second, should that not have been heard. */
  const waitForAnswer = async (id: string, untilMs: number): Promise<unknown> => {
    for (let leftMs = waitMs; leftMs > 0; leftMs = untilMs - performance.now()) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        waiting.set(id, resolve)
        timer = setTimeout(resolve, Math.min(lookAgainMs, leftMs))
      })
      clearTimeout(timer)
      const left = await withinDeadline(takeAnswer(connection, id)).catch(() => null)
      if (left !== null) return left
    }
    return null
  }

  return {
    async ask(question, answerSchema) {
      const id = randomUUID()
      const untilMs = performance.now() + waitMs
      try {
        await add(id, question)
        const left = await waitForAnswer(id, untilMs)
        if (left === null) throw new UnavailableError(`nobody answered for ${question.platform} in ${waitMs / 1000} s`)
        const reply = replySchema.parse(left)
        if (reply.kind === 'answered') return answerSchema.parse(reply.answer)
        throw new UnavailableError(reply.reason, reply.hint === undefined ? {} : { hint: reply.hint })
      } catch (error) {
        // So that nobody works for nothing. Where it can't be removed it is in work already, or Redis is away.
        await withinDeadline(queue.remove(id)).catch(() => {})
        throw error
      } finally {
        waiting.delete(id)
      }
    },
    async close() {
      listening.close()
      await queue.close()
      connection.disconnect()
    }
  }
}
