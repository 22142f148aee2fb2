import { UnavailableError } from '@lautta/core/errors'
import type { LogReader } from '../log-reader.ts'
import type { ClustersInJobs } from './clusters-in-jobs.ts'
import { rayLogPath } from './ray-logs.ts'
import { type RayPlace, readRayPlace } from './ray-place.ts'

const placeOf = (path: string): RayPlace | null => (path.startsWith('ray:') ? readRayPlace(path.slice('ray:'.length)) : null)

/** Logs that are files, and those of Ray jobs on clusters inside SLURM jobs: a cluster that is gone left them as files. */
export function createLogsWithClusters(
  files: LogReader,
  clusters: Pick<ClustersInJobs, 'ask'>,
  isOver: (cluster: string) => Promise<boolean>
): LogReader {
  /** Who reads the log of a Ray job, and under which path. */
  const findReader = async ({ cluster, submissionId }: RayPlace): Promise<{ reader: LogReader; path: string }> => {
    try {
      const reader = await clusters.ask(cluster, async (open) => {
        await open.cluster.describe()
        return open.logs
      })
      return { reader, path: rayLogPath(submissionId) }
    } catch (error) {
      // A cluster that is only silent still has the log: taken for one without, it would be lost.
      if (!(error instanceof UnavailableError) || !(await isOver(cluster))) throw error
      return { reader: files, path: `.lautta/ray/${cluster}/job-driver-${submissionId}.log` }
    }
  }
  return {
    async look(paths) {
      const plain = paths.filter((path) => placeOf(path) === null)
      const states = new Map(plain.length === 0 ? [] : await files.look(plain))
      for (const path of paths) {
        const place = placeOf(path)
        if (place === null) continue
        const found = await findReader(place)
        const state = (await found.reader.look([found.path])).get(found.path)
        if (state !== undefined) states.set(path, state)
      }
      return states
    },
    async *read(parts, mostBytes) {
      // A run has either the one kind of log or the other.
      if (parts.every(({ path }) => placeOf(path) === null)) return yield* files.read(parts, mostBytes)
      for (const [part, wanted] of parts.entries()) {
        const place = placeOf(wanted.path)
        const { reader, path } = place === null ? { reader: files, path: wanted.path } : await findReader(place)
        for await (const { from, bytes } of reader.read([{ ...wanted, path }], mostBytes)) yield { part, from, bytes }
      }
    }
  }
}
