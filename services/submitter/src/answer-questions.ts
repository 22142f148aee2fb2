import { LauttaError, UnavailableError } from '@lautta/core/errors'
import type { DryRunAnswer, ProbeAnswer, Question } from '@lautta/core/messages'
import { type PartitionsAnswer, tellPartitions } from '@lautta/core/platform/tell-partitions'
import type { RayClusterAnswer } from '@lautta/core/ray/tell-cluster'
import { probePlatform, stepsUntilFailure } from '@lautta/platforms/probe-platform'
import type { KnownPlatform } from '@lautta/platforms/settings'
import type { Logger } from '@lautta/runtime/logger'
import { describeRayCluster } from './describe-ray-cluster.ts'
import { dryRun } from './dry-run.ts'
import type { Session } from './session.ts'
import { createSharedProbes } from './shared-probes.ts'

export interface AnsweringOptions {
  /** The session of a user on a platform; null when either is not configured any more. */
  sessionOf(user: string, platform: string): Pick<Session, 'ask'> | null
  platforms: readonly KnownPlatform[]
  now(): Date
  logger: Logger
}

type Answered = { answer: ProbeAnswer | DryRunAnswer | PartitionsAnswer | RayClusterAnswer } | 'elsewhere'

// So that a user whose platform does not answer leaves room for the questions of others.
const mostAtOnce = 2

/** Answers what the forwarder asks about platforms, over the sessions' own connections, until the signal is given. */
export function createAnswering({ sessionOf, platforms, now, logger }: AnsweringOptions) {
  const underWay = new Map<string, number>()
  const shareProbe = createSharedProbes(now)

  const answer = async (question: Question, key: string, signal: AbortSignal): Promise<Answered> => {
    const session = sessionOf(question.user, question.platform)
    const known = platforms.find(({ name }) => name === question.platform)
    if (session === null || known === undefined) {
      throw new UnavailableError(`the submitter does not know ${question.user} or ${question.platform}`, {
        hint: 'forwarder and submitter need the same configuration'
      })
    }
    if (question.kind === 'dry-run') {
      return session.ask((platform, limits) => dryRun(platform, known, limits, question, now, signal))
    }
    if (question.kind === 'partitions') {
      return session.ask(async ({ scheduler }, limits) => {
        signal.throwIfAborted()
        return tellPartitions(known, await limits.find(scheduler))
      })
    }
    if (question.kind === 'ray-cluster') {
      return session.ask((platform) => describeRayCluster(platform, question.cluster, signal))
    }
    return shareProbe(key, () => probe(session, known, signal))
  }

  const answerInTurn = async (question: Question, signal: AbortSignal): Promise<Answered> => {
    const { user, platform } = question
    const key = JSON.stringify([user, platform])
    const others = underWay.get(key) ?? 0
    if (others >= mostAtOnce) {
      throw new UnavailableError(`${others} questions of yours about ${platform} are being answered`, {
        hint: 'ask again when one of them is'
      })
    }
    underWay.set(key, others + 1)
    try {
      return await answer(question, key, signal)
    } finally {
      const left = (underWay.get(key) ?? 1) - 1
      if (left === 0) underWay.delete(key)
      else underWay.set(key, left)
    }
  }

  return async (question: Question, signal: AbortSignal): Promise<Answered> => {
    try {
      return await answerInTurn(question, signal)
    } catch (error) {
      const { kind, user, platform } = question
      // Others are told to the user, who can do something about them.
      if (!(error instanceof LauttaError)) logger.error({ kind, user, platform, err: error }, 'a question was not answered')
      throw error
    }
  }
}

/** A step that fails is an answer, also one of a platform that can't even be opened. */
async function probe(
  session: Pick<Session, 'ask'>,
  known: KnownPlatform,
  signal: AbortSignal
): Promise<{ answer: ProbeAnswer } | 'elsewhere'> {
  try {
    return await session.ask(async (platform) => {
      signal.throwIfAborted()
      return { steps: await probePlatform(platform, known, signal) }
    })
  } catch (error) {
    const steps = stepsUntilFailure(error)
    if (steps === null) throw error
    return { answer: { steps } }
  }
}
