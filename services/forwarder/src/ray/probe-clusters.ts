import { UnavailableError } from '@lautta/core/errors'
import { isFinished, slurmJobIdOf } from '@lautta/core/job/job'
import { mapLimited } from '@lautta/core/map-limited'
import { type RayClusterAnswer, rayClusterAnswerSchema, tellSilentCluster } from '@lautta/core/ray/tell-cluster'
import type { Asker } from '@lautta/queue/ask'
import type { FoundCluster } from './find-cluster.ts'

// More questions about one platform are not answered at once.
const mostOfPlatform = 2
// After which no further cluster is asked; each question has its own time limit.
const mostMs = 30_000

/** What clusters say of themselves, asked side by side, by their names; one that can't be asked says why. */
export async function probeClusters(
  asker: Asker,
  user: string,
  clusters: readonly FoundCluster[]
): Promise<Map<string, RayClusterAnswer>> {
  const untilMs = performance.now() + mostMs
  const platforms = new Set(clusters.map(({ place }) => place.platform))
  const askThoseOf = (platform: string) =>
    mapLimited(
      clusters.filter(({ place }) => place.platform === platform),
      mostOfPlatform,
      async (cluster) => {
        const late = tellSilentCluster('there was no time to ask', 'ask for this one by its name')
        return [cluster.name, performance.now() > untilMs ? late : await probeCluster(asker, user, cluster)] as const
      }
    )
  return new Map((await Promise.all([...platforms].map(askThoseOf))).flat())
}

/** What a cluster says of itself; one whose job does not run is not asked. */
export async function probeCluster(asker: Asker, user: string, { place, within }: FoundCluster): Promise<RayClusterAnswer> {
  const job = within?.one.job
  if (job !== undefined && job.state.kind !== 'running')
    return tellSilentCluster(`its job ${isFinished(job) ? `ended ${job.state.outcome}` : `is ${job.state.kind}`}`)
  const cluster = job === undefined ? null : slurmJobIdOf(job)
  try {
    return await asker.ask({ kind: 'ray-cluster', user, platform: place.platform, cluster }, rayClusterAnswerSchema)
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    return tellSilentCluster(error.message, error.hint)
  }
}
