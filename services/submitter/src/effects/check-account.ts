import { readDirectives } from '@lautta/core/batch-script'
import { LauttaError, RefusedError } from '@lautta/core/errors'
import type { Scheduler, Submission } from '@lautta/platforms/scheduler'

const knownForMs = 10 * 60 * 1000
const freshForMs = 10 * 1000

/**
 * Refuses a submission that names an account which the user may not bill, before SLURM does so in other words. What may
 * be billed is asked for every now and then; while nobody tells, SLURM decides.
 */
export function createCheckAccount(now: () => Date) {
  let known: { accounts: Promise<readonly string[] | null>; askedAtMs: number } | null = null

  /** What was asked for within so many milliseconds, or is now; null when nobody tells. */
  const remember = (scheduler: Scheduler, withinMs: number): Promise<readonly string[] | null> => {
    const nowMs = now().getTime()
    if (known !== null && nowMs - known.askedAtMs < withinMs) return known.accounts
    const accounts = scheduler.findAccounts().catch((error: unknown) => {
      if (error instanceof LauttaError) return null
      throw error
    })
    known = { accounts, askedAtMs: nowMs }
    return accounts
  }

  return async (scheduler: Scheduler, { options, script }: Submission): Promise<void> => {
    const account = options.account ?? readDirectives(script).account
    if (typeof account !== 'string') return
    const found = (await remember(scheduler, knownForMs)) ?? [account]
    if (found.includes(account)) return
    // Before anything is refused, it is asked once more: somebody may have become a member.
    const accounts = (await remember(scheduler, freshForMs)) ?? [account]
    if (accounts.includes(account)) return
    throw new RefusedError(`you may not bill ${account} on this platform`, {
      hint: accounts.length === 0 ? 'you are no member of any project there' : `what you may bill: ${accounts.join(', ')}`
    })
  }
}
export type CheckAccount = ReturnType<typeof createCheckAccount>
