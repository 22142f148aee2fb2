import type { Environment } from '@lautta/core/documents/environment-document'
import { LauttaError, messageOf } from '@lautta/core/errors'
import { findEnvironment } from '@lautta/platforms/find-environment'
import { findWorkspaces } from '@lautta/platforms/find-workspaces'
import { type RemoteCommand, runCommand } from '@lautta/platforms/run-command'
import type { PlatformWork } from './effects/job-work.ts'
import { createKeptEnvironment } from './kept-environment.ts'
import type { SessionPorts } from './session-ports.ts'

/** What is found under a job's lease, over its connection. */
type Work = Pick<PlatformWork, 'platform' | 'order'>

type Ports = Pick<SessionPorts, 'user' | 'known' | 'management' | 'now'> & { logger: Pick<SessionPorts['logger'], 'warn'> }

const foundForMs = 24 * 60 * 60 * 1000
const workspacesForMs = 10 * 60 * 1000
const longestPauseMs = workspacesForMs / 2

/**
 * What the user finds on the platform: looked for seldom, when an order is prepared, and kept as a document. That it can't
 * be found is no failure: it is then looked for again later.
 */
export function createKnownEnvironment({ user, known, management, now, logger }: Ports) {
  const kept = createKeptEnvironment({ user, known, management })
  const firstPauseMs = known.pollSeconds * 1000
  let askedAtMs = Number.NEGATIVE_INFINITY
  let workspacesAskedAtMs = Number.NEGATIVE_INFINITY
  let areWorkspacesTold = true
  let pauseMs = firstPauseMs

  /** Whether what was found then, and was last asked for at that time, is to be asked for again. */
  const isDue = (foundAt: string | null, lastAskedAtMs: number, withinMs: number): boolean => {
    const nowMs = now().getTime()
    const isOld = foundAt === null || nowMs - Date.parse(foundAt) >= withinMs
    return isOld && nowMs - lastAskedAtMs >= Math.min(withinMs, workspacesForMs)
  }

  const ask = async <Found>({ platform }: Work, command: RemoteCommand<Found>): Promise<Found | null> => {
    try {
      return await runCommand(platform.shell, command)
    } catch (error) {
      if (!(error instanceof LauttaError)) throw error
      logger.warn({ user, platform: known.name, error: messageOf(error) }, 'the environment was not found')
      return null
    }
  }

  const findEnvironmentIfDue = async (work: Work, before: Environment): Promise<Environment> => {
    if (!isDue(before.foundAt, askedAtMs, foundForMs)) return before
    const found = await ask(work, findEnvironment(known.preamble))
    askedAtMs = now().getTime()
    if (found === null) return before
    // Jobs of platform local load none.
    const modules = known.kind === 'local' ? [] : found.modules
    return { ...before, ...found, modules, foundAt: now().toISOString() }
  }

  const findWorkspacesIfDue = async (work: Work, before: Environment, withinMs: number): Promise<Environment> => {
    const { workspacesCommand, preamble } = known
    if (workspacesCommand === null || !isDue(before.workspacesFoundAt, workspacesAskedAtMs, withinMs)) return before
    const found = await ask(work, findWorkspaces(workspacesCommand, preamble))
    workspacesAskedAtMs = now().getTime()
    areWorkspacesTold = found !== null
    pauseMs = withinMs < workspacesForMs ? Math.min(pauseMs * 2, longestPauseMs) : firstPauseMs
    return found === null ? before : { ...before, ...found, workspacesFoundAt: now().toISOString() }
  }

  const refresh = (work: Work, workspacesWithinMs: () => number): Promise<Environment> =>
    kept.change(work.order, async (before) =>
      findWorkspacesIfDue(work, await findEnvironmentIfDue(work, before), workspacesWithinMs())
    )

  /** Null when it is not known where the user's disk areas are. */
  const orNull = (found: Environment) => {
    const { directory } = found
    const isTold = known.workspacesCommand !== null && areWorkspacesTold && directory !== null
    return isTold ? { ...found, directory } : null
  }

  return {
    read: kept.read,
    reset: kept.reset,
    /** Keeps what was found beside all this. */
    keepAlso: kept.change,

    /** Looks for what is older than a day. */
    async refresh(work: Work): Promise<void> {
      await refresh(work, () => foundForMs)
    },

    /** The disk areas, ten minutes old at most; null when the platform does not tell of them. */
    findWorkspaces: async (work: Work) => orNull(await refresh(work, () => workspacesForMs)),

    /** The same for who found no room in them: asked again after pauses that grow. */
    findWorkspacesAgain: async (work: Work) => orNull(await refresh(work, () => pauseMs))
  }
}
export type KnownEnvironment = ReturnType<typeof createKnownEnvironment>
