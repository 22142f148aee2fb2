import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import type { OfferedPlatform } from './offered-platforms.ts'

/** The dictionary, as far as it depends on which platforms there are, and which of them are Ray clusters. */
export function orchestrationFor(platforms: readonly OfferedPlatform[]) {
  const rayClusters = platforms.filter(({ transport }) => transport === 'http')
  return orchestrationSchema(namesOf(platforms), namesOf(rayClusters))
}

function namesOf(platforms: readonly OfferedPlatform[]): string[] {
  return platforms.map(({ name }) => name)
}
