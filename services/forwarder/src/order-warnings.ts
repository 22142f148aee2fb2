import { type Orchestration, warningsAbout } from '@lautta/core/orchestration/dictionary'
import { describeRetirement, type Retirement } from '@lautta/core/platform/retirement'

/** A platform, as far as its users are to be warned of it. */
export interface ClosablePlatform {
  name: string
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
  return [...warningsAbout(request), ...ofPlatforms, ...ofClusters]
}

const aboutServe =
  'services there may answer nobody but you. Ray itself asks for the token of the cluster, but Ray Serve for none: serve nothing there that asks for no key of its own'
