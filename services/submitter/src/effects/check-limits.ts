import { LauttaError, RefusedError } from '@lautta/core/errors'
import { type AskedResources, asksForLimited, readAskedResources } from '@lautta/core/platform/asked-resources'
import { judgeRequest, type LimitComplaint } from '@lautta/core/platform/judge-request'
import type { DiscoveredLimits, Limits } from '@lautta/core/platform/limits'
import type { Scheduler, Submission } from '@lautta/platforms/scheduler'
import type { KnownPlatform } from '@lautta/platforms/settings'
import type { KnownLimits } from '../known-limits.ts'

const freshForMs = 10 * 1000

/** Compares submissions with the limits of a platform. */
export interface CheckLimits {
  /**
   * Refuses what asks for more than there is, before SLURM does so in other words. Limits have exceptions (a quality of
   * service, a plugin of the site), so SLURM is asked whether it agrees: what it would take all the same is answered for a
   * notice. While nobody tells what the limits are, SLURM decides.
   */
  check(scheduler: Scheduler, submission: Submission, signal?: AbortSignal): Promise<string | null>
  /** What a user can do about a refusal by SLURM, as far as limits explain it, by the profile's if nobody tells others. */
  explain(scheduler: Scheduler, submission: Submission): Promise<string | undefined>
}

export function createCheckLimits(
  limits: KnownLimits,
  known: Pick<KnownPlatform, 'partitions' | 'partitionsReadAt'>
): CheckLimits {
  /** Null when nobody tells. */
  const find = (scheduler: Scheduler, withinMs?: number): Promise<DiscoveredLimits | null> =>
    limits.find(scheduler, withinMs).catch((error: unknown) => {
      if (error instanceof LauttaError) return null
      throw error
    })

  return {
    async check(scheduler, submission, signal) {
      const asked = readAskedResources(submission)
      if (!asksForLimited(asked)) return null
      const complain = async (about: AskedResources, withinMs?: number): Promise<LimitComplaint | null> => {
        const found = await find(scheduler, withinMs)
        return found === null ? null : judgeRequest(about, found)
      }
      // Before anything is refused, it is asked once more: a limit may have changed.
      const complaint = (await complain(asked)) && (await complain(asked, freshForMs))
      if (complaint === null) return null
      const { isAccepted, isLimitReached, words } = await scheduler.testSubmission(submission, signal)
      // Of all but the number of an array's tasks nothing was said then, and sbatch lets the job wait.
      if (isLimitReached && (await complain({ ...asked, array: null })) !== null) return null
      if (isAccepted) return `${complaint.message}; SLURM takes the job all the same`
      throw new RefusedError(`${complaint.message}. SLURM: ${words}`, { hint: complaint.hint })
    },

    async explain(scheduler, submission) {
      const asked = readAskedResources(submission)
      if (!asksForLimited(asked)) return undefined
      const found = await find(scheduler)
      const ofProfile: Limits = { partitions: known.partitions, maxArraySize: null, associations: [] }
      const complaint = judgeRequest(asked, found ?? ofProfile)
      if (complaint === null) return undefined
      const since = found === null && known.partitionsReadAt !== null ? ` (as of ${known.partitionsReadAt})` : ''
      return `${complaint.message}; ${complaint.hint}${since}`
    }
  }
}
