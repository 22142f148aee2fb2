import { type Orchestration, warningsAbout } from '@lautta/core/orchestration/dictionary'
import { describeRetirement, type Retirement } from '@lautta/core/platform/retirement'

/** A platform, as far as its users are to be warned of it. */
export interface ClosablePlatform {
  name: string
  retired: Retirement | null
}

/** What the sender of an order should know, though it is accepted. */
export function warningsFor(platforms: readonly ClosablePlatform[], request: Orchestration): string[] {
  const ofPlatforms = platforms.flatMap(({ name, retired }) =>
    retired === null || request.platforms[name] === undefined
      ? []
      : [`platforms.${name} is retired: ${describeRetirement(retired)}`]
  )
  return [...warningsAbout(request), ...ofPlatforms]
}
