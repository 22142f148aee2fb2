import { type CollectMessage, collectMessageSchema, type ReconcileMessage, reconcileMessageSchema } from '@lautta/core/messages'
import { type Job, Queue, Worker } from 'bullmq'
import type { z } from 'zod'
import { connectPatientRedis, connectRedis, type RedisAddress } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'
import { createEndedTasks } from './ended-tasks.ts'
import { type Handled, handleTask } from './handle-task.ts'

/** Before the names of all queues in Redis. */
export const prefix = 'lautta'
const forgetWhenDone = { removeOnComplete: true, removeOnFail: true }

/** The door to the queues: BullMQ's words stay behind it. */
export interface Queues {
  /** Asks for a pass soon, or less than a second before the delay is over. One that comes during a pass makes one more pass. */
  nudgeReconcile(message: ReconcileMessage, delayMs?: number): Promise<void>
  /** Asks for a pass every so often; null stops that. Asked again with the same interval, it changes nothing. */
  setClock(message: ReconcileMessage, everySeconds: number | null): Promise<void>
  askToCollect(message: CollectMessage): Promise<void>
  /** Calls whenever Redis is there again; what it held may be gone. */
  onReady(listener: () => void): void
  close(): Promise<void>
}

export function createQueues(address: RedisAddress): Queues {
  const connection = connectRedis(address)
  const options = { connection, prefix, defaultJobOptions: forgetWhenDone }
  const reconcile = new Queue<ReconcileMessage>('reconcile', options)
  const collect = new Queue<CollectMessage>('collect', options)
  for (const queue of [reconcile, collect]) queue.on('error', () => {})
  return {
    async nudgeReconcile(message, delayMs = 0) {
      // A delayed nudge never holds back one that is meant for now, or for a second or more after it.
      const dueSecond = delayMs > 0 ? Math.floor((Date.now() + delayMs) / 1000) : null
      const id = JSON.stringify([message.user, message.platform ?? null, dueSecond])
      await withinDeadline(reconcile.add('nudge', message, { delay: delayMs, deduplication: { id, keepLastIfActive: true } }))
    },
    async setClock(message, everySeconds) {
      const id = JSON.stringify([message.user, message.platform ?? null])
      if (everySeconds === null) {
        await withinDeadline(reconcile.removeJobScheduler(id))
        return
      }
      const every = Math.round(everySeconds * 1000)
      // Setting it anew would put off the next tick, each time.
      const known = await withinDeadline(reconcile.getJobScheduler(id))
      if (known?.every !== every)
        await withinDeadline(reconcile.upsertJobScheduler(id, { every }, { name: 'tick', data: message }))
    },
    async askToCollect(message) {
      await withinDeadline(
        collect.add('collect', message, { deduplication: { id: JSON.stringify(message), keepLastIfActive: true } })
      )
    },
    onReady(listener) {
      connection.on('ready', listener)
    },
    async close() {
      await Promise.all([reconcile.close(), collect.close()])
      connection.disconnect()
    }
  }
}

export interface ConsumerOptions {
  /** Messages in work at once. */
  concurrency: number
  /** A message of a process that shows no sign of life for so long is given to another one. */
  stalledMs: number
}

/** Something that takes messages until it is closed; closing waits for those in work. */
export interface Consumer {
  close(): Promise<void>
}

/** Handles reconcile messages; safe to run twice is what a handler must be. That it throws is told as a task that failed. */
export function consumeReconcile(
  address: RedisAddress,
  options: ConsumerOptions,
  handle: (message: ReconcileMessage) => Promise<void>
): Consumer {
  return consume(address, 'reconcile', options, reconcileMessageSchema, aboutPass, handle)
}

const aboutPass = ({ user, platform }: ReconcileMessage) => ({ user, platform: platform ?? null })

/** Handles collect messages, in the same way. */
export function consumeCollect(
  address: RedisAddress,
  options: ConsumerOptions,
  handle: (message: CollectMessage) => Promise<void>
): Consumer {
  const about = ({ id, ...message }: CollectMessage) => ({ ...message, orchestration: id })
  return consume(address, 'collect', options, collectMessageSchema, about, handle)
}

function consume<Schema extends z.ZodType>(
  address: RedisAddress,
  name: 'reconcile' | 'collect',
  { concurrency, stalledMs }: ConsumerOptions,
  schema: Schema,
  aboutOf: (message: z.output<Schema>) => Parameters<typeof handleTask>[3],
  handle: (message: z.output<Schema>) => Promise<void>
): Consumer {
  const connection = connectPatientRedis(address)
  const tasks = createEndedTasks(connection)
  const work = async (job: Job): Promise<void> => {
    const message = schema.parse(job.data)
    await handleTask(tasks, name, job, aboutOf(message), () =>
      // Whoever handles it asks again for what is to be done again: the queue itself repeats nothing.
      handle(message).then(
        (): Handled => null,
        (failure: unknown) => ({ failure })
      )
    )
  }
  const worker = new Worker(name, work, {
    ...{ connection, prefix, concurrency, ...forget },
    ...{ lockDuration: stalledMs, stalledInterval: stalledMs }
  })
  worker.on('error', () => {})
  return {
    async close() {
      await worker.close()
      connection.disconnect()
    }
  }
}

const forget = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } }
