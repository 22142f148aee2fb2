import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { jobForSeff, preferSeff } from '@lautta/core/accounting/prefer-seff'
import type { SeffReport } from '@lautta/core/accounting/read-seff'
import { computeUsage, type Usage } from '@lautta/core/accounting/usage'
import { UnavailableError } from '@lautta/core/errors'
import type { Platform } from '@lautta/platforms/platform'
import type { KnownPlatform } from '@lautta/platforms/settings'

/** Where what a job used is found out. */
export interface UsagePorts {
  connect(user: string, platform: string): Promise<Platform>
  /** What is known of a platform; undefined: it is none of this installation. */
  known(platform: string): KnownPlatform | undefined
}

/** What a job used, of which accounting has told all; null when there was none. What the platform's own seff says goes first. */
export async function tellUsage(
  { connect, known }: UsagePorts,
  user: string,
  platform: string,
  records: readonly AccountingRecord[]
): Promise<Usage | null> {
  const usage = computeUsage(records, known(platform)?.billing)
  const job = jobForSeff(records)
  if (usage === null || job === null) return usage
  const report = await askSeff(await connect(user, platform), job.jobId)
  return report === null ? usage : preferSeff(usage, job, report)
}

async function askSeff({ scheduler }: Platform, slurmJobId: string): Promise<SeffReport | null> {
  try {
    return (await scheduler.readSeff?.(slurmJobId)) ?? null
  } catch (error) {
    // Our own arithmetic is there already; accounting has answered, so nobody need wait for this.
    if (error instanceof UnavailableError) return null
    throw error
  }
}
