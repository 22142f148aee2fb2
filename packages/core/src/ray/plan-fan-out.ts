import { outcomes } from '../job/outcome.ts'
import type { JobRequest } from '../orchestration/dictionary.ts'
import { nameOfJob } from '../orchestration/needs.ts'
import type { ClusterPlace } from './cluster-name.ts'
import { type RayJobOfShare, writeClusterReference } from './ray-job.ts'

// Also a cancelled one: so ends a Ray job whose cluster in a SLURM job was over before it could begin.
const failedOutcomes = outcomes.filter((outcome) => outcome !== 'completed')

/** How long a cluster of a fan-out may be silent before its share runs elsewhere. */
const giveUpSeconds = 120

/** One part of the work: the clusters that are to do it, the first that can, and what its Ray job is told. */
export interface PlannedShare {
  number: number
  turns: readonly ClusterPlace[]
  parameters: RayJobOfShare['parameters']
}

/** The sequence in which clusters are tried: the one whose share it is, the next ones, and last those that are silent now. */
export function turnsFrom(first: ClusterPlace, living: readonly ClusterPlace[], silent: readonly ClusterPlace[]): ClusterPlace[] {
  const position = living.indexOf(first)
  return [...living.slice(position), ...living.slice(0, position), ...silent]
}

/**
 * The jobs of a fan-out by platform. Each share has one for each of its clusters in turn, which needs all before it not to
 * have completed: so it ends at the first cluster that can do it, and nobody has to look after it.
 */
export function planFanOut(work: RayJobOfShare, shares: readonly PlannedShare[]): Map<string, JobRequest[]> {
  const planned = new Map<string, JobRequest[]>()
  for (const { number, turns, parameters } of shares) {
    const before: string[] = []
    for (const { platform, job } of turns) {
      const jobs = planned.get(platform) ?? []
      planned.set(platform, jobs)
      const cluster = job === null ? {} : { cluster: writeClusterReference(job) }
      const needs = before.map((name) => ({ job: name, outcomes: failedOutcomes }))
      before.push(nameOfJob({ platform, index: jobs.length }))
      jobs.push({
        path: 'None',
        name: needs.length === 0 ? `share-${number}` : `share-${number}-again-${needs.length}`,
        ray: { 'give-up-seconds': giveUpSeconds, ...work, parameters, ...cluster },
        needs,
        status: { start: false, cancel: false }
      })
    }
  }
  return planned
}
