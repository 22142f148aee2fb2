import { join } from 'node:path'
import { deriveKey } from '@lautta/core/derive-key'
import { messageOf } from '@lautta/core/errors'
import type { ReconcileMessage } from '@lautta/core/messages'
import { createKnownPauses } from '@lautta/object-store/known-pauses'
import type { Management } from '@lautta/object-store/management'
import { type CommandBudget, createCommandBudget } from '@lautta/platforms/command-budget'
import { connectPlatform } from '@lautta/platforms/connect-platform'
import { createChanges } from '@lautta/queue/changes'
import { connectRedis, type RedisAddress, waitForRedis } from '@lautta/queue/connect-redis'
import { consumeAsk } from '@lautta/queue/consume-ask'
import { createLeases } from '@lautta/queue/leases'
import { consumeReconcile, createQueues, type Queues } from '@lautta/queue/queues'
import { createWaitingLine } from '@lautta/queue/waiting-line'
import type { Config } from '@lautta/runtime/config'
import type { Logger } from '@lautta/runtime/logger'
import type { Installation } from '@lautta/runtime/open-installation'
import type { Running } from '@lautta/runtime/run-service'
import { createAnswering } from './answer-questions.ts'
import { createKnownForwards } from './forwards/known-forwards.ts'
import { createPortLeasing } from './forwards/lease-port.ts'
import { createOrderDirectory, type OrderDirectory } from './order-directory.ts'
import { createSession, type Session } from './session.ts'
import type { ForwardPorts } from './session-ports.ts'

const surveySeconds = 120
const keepClocksMs = 30_000
const tryAgainMs = 1000
const passesAtOnce = 32
const questionsAtOnce = 32

export interface SubmitterOptions {
  config: Config
  installation: Installation
  redis: RedisAddress
  logger: Logger
  /** Whether no other submitter can exist, because the data directory is locked. */
  isAlone: boolean
}

/** Starts the submitter: it drives platforms for all users, and answers to nobody. */
export async function createSubmitter({ config, installation, redis, logger, isAlone }: SubmitterOptions): Promise<Running> {
  const { store, management } = installation
  const connection = connectRedis(redis)
  await waitForRedis(connection, keepClocksMs)
  const queues = createQueues(redis)
  const leases = createLeases(connection, { durationMs: config.leaseSeconds * 1000, waitOnYoungRedis: !isAlone })
  const nudge = createNudge(queues, logger)
  const changes = createChanges(connection)
  const line = createWaitingLine(connection)
  const directory = createOrderDirectory(management)
  const now = () => new Date()
  const findPause = createFindPause(management, now, logger)
  const forwards = createForwardPorts(config, management, now)
  const sessions = new Map<string, Session>()
  const budgets: CommandBudget[] = []

  const sessionOf = (user: string, platform: string): Session | null => {
    const key = JSON.stringify([user, platform])
    const session = sessions.get(key) ?? openSession(key, user, platform)
    if (session !== null) sessions.set(key, session)
    return session
  }

  /** Null for a user or a platform that is not configured any more. */
  const openSession = (key: string, user: string, platform: string): Session | null => {
    const known = config.platforms.find(({ name }) => name === platform)
    const slug = config.users.find(({ name }) => name === user)?.slug
    if (known === undefined || slug === undefined) return null
    const machine = {
      localFolder: join(config.dataDirectory, 'local'),
      environment: config.machineEnvironment,
      onLocalChange: () => {
        session.expire()
        nudge({ user, platform })
      }
    }
    const budget = createCommandBudget(known.commandsPerSecond, 'submitter')
    budgets.push(budget)
    const session = createSession({
      ...{ user, known, store, management, directory, changes, queues, line, logger, forwards },
      pickleViews: config.pickleViews,
      secretsFolder: join(config.secretsFolder, slug),
      findPause: () => findPause(user, platform),
      acquireLease: (floor) => leases.acquire(key, floor),
      connect: () => connectPlatform(known, user, machine, budget),
      now
    })
    return session
  }

  const survey = async (user: string): Promise<void> => {
    for (const platform of await findPlatforms(user, directory, forwards)) nudge({ user, platform })
  }

  const reconcile = async (message: ReconcileMessage): Promise<void> => {
    const { user, platform } = message
    try {
      if (platform === undefined) return await survey(user)
      if ((await sessionOf(user, platform)?.run()) === 'elsewhere') nudge(message, tryAgainMs)
    } catch (error) {
      logger.error({ ...message, error: messageOf(error) }, 'a pass failed')
      nudge(message, tryAgainMs)
      throw error
    }
  }

  /** The clocks are set again and again, because Redis may forget them. */
  const keepClocks = (): void => {
    for (const { name: user } of config.users) {
      queues
        .setClock({ user }, surveySeconds)
        .catch((error: unknown) => logger.warn({ user, error: messageOf(error) }, 'a clock was not set'))
    }
  }

  const consumer = consumeReconcile(redis, { concurrency: passesAtOnce, stalledMs: config.leaseSeconds * 1000 }, reconcile)
  const answer = createAnswering({ sessionOf, platforms: config.platforms, now, logger })
  const answering = consumeAsk(redis, questionsAtOnce, answer)
  keepClocks()
  queues.onReady(keepClocks)
  const clockKeeper = setInterval(keepClocks, keepClocksMs)
  return {
    async close() {
      clearInterval(clockKeeper)
      await Promise.all([answering.close(), consumer.close()])
      for (const budget of budgets) budget.close()
      await Promise.all([...sessions.values()].map((session) => session.close()))
      await queues.close()
      connection.disconnect()
    }
  }
}

/** Asks for a pass; should that be lost, the next survey does. */
function createNudge(queues: Queues, logger: Logger) {
  return (message: ReconcileMessage, delayMs = 0): void => {
    queues
      .nudgeReconcile(message, delayMs)
      .catch((error: unknown) => logger.warn({ ...message, error: messageOf(error) }, 'a nudge was lost'))
  }
}

/** The platforms on which a user has something open. */
async function findPlatforms(user: string, directory: OrderDirectory, forwards: ForwardPorts): Promise<Set<string>> {
  const [orders, wanted] = await Promise.all([directory.findOpen(user), forwards.findOpen(user)])
  return new Set([...orders.keys(), ...wanted.map(({ document }) => document.platform)])
}

/** What users asked to be brought near, and the ports for it: of all sessions together. */
function createForwardPorts({ forwards, masterKey }: Config, management: Management, now: () => Date): ForwardPorts {
  const key = deriveKey(masterKey, 'forward streams')
  return { ...createKnownForwards(management, now), ...createPortLeasing(forwards, key, now) }
}

/** Finds out why nothing new is begun, with one listing for all sessions. */
function createFindPause(management: Management, now: () => Date, logger: Logger) {
  const pauses = createKnownPauses(management, now, (error) =>
    logger.warn({ error: messageOf(error) }, 'pauses could not be read; what was known of them holds')
  )
  return async (user: string, platform: string): Promise<string | null> => {
    const pause = await pauses.find(user, platform)
    return pause === null ? null : `paused by ${pause.by}`
  }
}
