import { CredentialsError, LauttaError, messageOf, UnavailableError } from '@lautta/core/errors'
import type { DryRunAnswer, ProbeAnswer, Question } from '@lautta/core/messages'
import { probePlatform } from '@lautta/platforms/probe-platform'
import type { KnownPlatform } from '@lautta/platforms/settings'
import type { Logger } from '@lautta/runtime/logger'
import { dryRun } from './dry-run.ts'
import type { Session } from './session.ts'

export interface AnsweringOptions {
  /** The session of a user on a platform; null when either is not configured any more. */
  sessionOf(user: string, platform: string): Pick<Session, 'ask'> | null
  platforms: readonly KnownPlatform[]
  now(): Date
  logger: Logger
}

/** Answers what the forwarder asks about platforms, over the sessions' own connections. */
export function createAnswering({ sessionOf, platforms, now, logger }: AnsweringOptions) {
  const answer = async (question: Question): Promise<{ answer: ProbeAnswer | DryRunAnswer } | 'elsewhere'> => {
    const session = sessionOf(question.user, question.platform)
    const known = platforms.find(({ name }) => name === question.platform)
    if (session === null || known === undefined) {
      throw new UnavailableError(`the submitter does not know ${question.user} or ${question.platform}`, {
        hint: 'forwarder and submitter need the same configuration'
      })
    }
    if (question.kind === 'dry-run') return session.ask((platform) => dryRun(platform, known, question, now))
    return session
      .ask(async (platform) => ({ steps: await probePlatform(platform, known) }))
      .catch((error: unknown) => ({ answer: { steps: [stepBefore(error)] } }))
  }
  return async (question: Question): ReturnType<typeof answer> => {
    try {
      return await answer(question)
    } catch (error) {
      const { kind, user, platform } = question
      // Others are told to the user, who can do something about them.
      if (!(error instanceof LauttaError)) logger.error({ kind, user, platform, err: error }, 'a question was not answered')
      throw error
    }
  }
}

/** The step at which a platform fails that can't even be opened. */
function stepBefore(error: unknown): ProbeAnswer['steps'][number] {
  if (!(error instanceof LauttaError)) throw error
  const detail = error.hint === undefined ? messageOf(error) : `${error.message} (${error.hint})`
  return { step: error instanceof CredentialsError ? 'login' : 'name', ok: false, detail }
}
