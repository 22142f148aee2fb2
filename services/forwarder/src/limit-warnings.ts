import type { SpendingLimit } from '@lautta/core/billing/spending-limit'
import type { DryRunAnswer } from '@lautta/core/messages'

const units = [
  ['cpu-bu', 'CPU BU'],
  ['gpu-bu', 'GPU BU']
] as const

/** What a limit of an order would do to its jobs on a platform, by what they were estimated to cost. */
export function warningsOfLimit(limit: SpendingLimit | undefined, platform: string, jobs: DryRunAnswer['jobs']): string[] {
  if (limit === undefined) return []
  const estimated = jobs.flatMap(({ index, estimate }) => (estimate === undefined ? [] : [{ index, estimate }]))
  const unknown = estimated.filter(({ estimate }) => estimate['cpu-bu'] === null || estimate['gpu-bu'] === null)
  const ofUnknown = unknown.map(
    ({ index }) => `platforms.${platform}.jobs[${index}]: what it may cost is not known, so with a limit it fails before sbatch`
  )
  const ofSums = units.flatMap(([unit, words]) => {
    const sum = estimated.reduce((all, { estimate }) => all + (estimate[unit] ?? 0), 0)
    const most = limit[unit] ?? Number.POSITIVE_INFINITY
    const tell = `platforms.${platform}: its jobs may cost ${Number(sum.toFixed(2))} ${words} together, and the limit is ${most}`
    return sum > most ? [`${tell}: those that would go beyond it fail before sbatch`] : []
  })
  return [...ofUnknown, ...ofSums]
}
