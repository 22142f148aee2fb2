import type { AccountingRecord } from './accounting-record.ts'

/**
 * The energy of one run. Its own line has all of it, where the cluster measures; else the largest of its steps, since each
 * of them measures whole nodes. 0 is told where nobody measured.
 */
export function usedEnergy(run: readonly AccountingRecord[]): number | null {
  const measured = (lines: readonly AccountingRecord[]): number =>
    lines.reduce((most, { consumedEnergyJoules }) => Math.max(most, consumedEnergyJoules ?? 0), 0)
  const own = measured(run.filter(({ jobStep }) => jobStep === null))
  return own || measured(run) || null
}
