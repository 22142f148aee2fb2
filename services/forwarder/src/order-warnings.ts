import type { BillingFormula } from '@lautta/core/billing/billing-formula'
import { type Orchestration, warningsAbout } from '@lautta/core/orchestration/dictionary'
import { describeRetirement, type Retirement } from '@lautta/core/platform/retirement'

/** A platform, as far as its users are to be warned of it. */
export interface ClosablePlatform {
  name: string
  kind: string
  /** Empty: no price is known there. */
  billing: readonly BillingFormula[]
  retired: Retirement | null
  /** Whether a service that runs there may answer nobody but its owner. */
  ownerOnlyServices: boolean
}

/** What the sender of an order should know, though it is accepted. */
export function warningsFor(platforms: readonly ClosablePlatform[], request: Orchestration): string[] {
  const ofPlatforms = platforms.flatMap(({ name, retired }) =>
    retired === null || request.platforms[name] === undefined
      ? []
      : [`platforms.${name} is retired: ${describeRetirement(retired)}`]
  )
  const ofClusters = platforms.flatMap(({ name, ownerOnlyServices }) => {
    const hasCluster = request.platforms[name]?.jobs.some((job) => job['ray-cluster'] !== undefined) === true
    return ownerOnlyServices && hasCluster ? [`platforms.${name}: ${aboutServe}`] : []
  })
  const ofPrices = platforms.flatMap(({ name, kind, billing }) => {
    const isBilled = kind === 'slurm' && request.platforms[name]?.jobs.some(({ ray }) => ray === undefined) === true
    return request.limit !== undefined && isBilled && billing.length === 0 ? [`platforms.${name}: ${aboutPrices}`] : []
  })
  return [...warningsAbout(request), ...ofPlatforms, ...ofClusters, ...ofPrices]
}

const aboutPrices = 'no billing formula is known there, so its jobs fail before sbatch: the limit of the order could not be kept'

const aboutServe =
  'services there may answer nobody but you. Ray itself asks for the token of the cluster, but Ray Serve for none: serve nothing there that asks for no key of its own'
