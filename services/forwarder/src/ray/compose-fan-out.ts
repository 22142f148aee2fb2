import { fanOutPath } from '@lautta/core/object-names'
import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import type { ClusterPlace } from '@lautta/core/ray/cluster-name'
import { divideItems, resourcesOfCluster, weighClusters } from '@lautta/core/ray/divide-work'
import { longestArgumentBytes } from '@lautta/core/ray/entrypoint'
import { type PlannedShare, planFanOut, turnsFrom } from '@lautta/core/ray/plan-fan-out'
import { rayJobOfShareSchema } from '@lautta/core/ray/ray-job'
import { mostClusters } from '@lautta/core/ray/read-fan-out'
import { type RayClusterAnswer, warningsAboutVersions } from '@lautta/core/ray/tell-cluster'
import { resourceWeightsSchema, workItemsSchema } from '@lautta/core/ray/work-items'
import { z } from 'zod'
import type { AppContext } from '../app-context.ts'
import type { Caller } from '../authenticate.ts'
import { Problem } from '../problem.ts'
import { composeOrder } from './compose-order.ts'
import { type FoundCluster, findCluster } from './find-cluster.ts'
import { probeClusters } from './probe-clusters.ts'

// What each Ray job is told besides its own parameters.
const ownParameters = ['items', 'output']

/** How work that is to be divided is ordered. */
export const fanOutSchema = z
  .strictObject({
    clusters: z
      .array(z.string().max(300))
      .min(1, 'name at least one cluster')
      .max(mostClusters)
      .refine((names) => new Set(names).size === names.length, 'name each cluster once'),
    weights: resourceWeightsSchema,
    items: workItemsSchema.refine((items) => items.length > 0, 'name at least one item'),
    job: rayJobOfShareSchema.describe('the Ray job, which gets its part as the parameter `items`, and `output`'),
    name: z.string().min(1).max(200).default('fan-out')
  })
  .superRefine(({ job }, context) => {
    for (const key of ownParameters.filter((name) => Object.hasOwn(job.parameters, name)))
      context.addIssue({ code: 'custom', path: ['job', 'parameters', key], message: 'the fan-out itself gives this one' })
  })
type FanOut = z.output<typeof fanOutSchema>

/** An order of one Ray job for each share, with stand-bys, divided by what the clusters have now. */
export async function composeFanOut(
  context: AppContext,
  caller: Caller,
  fanOut: FanOut,
  { id, signPut }: { id: string; signPut(path: string): string }
): Promise<{ request: Orchestration; warnings: string[] }> {
  const clusters = await Promise.all(fanOut.clusters.map((name) => findCluster(context, caller, name)))
  const answers = await probeClusters(context.asker, caller.user, clusters)
  const isLiving = ({ name }: { name: string }): boolean => answers.get(name)?.ok === true
  const silent = clusters.filter((cluster) => !isLiving(cluster))
  const warnings = silent.map(({ name }) => `${name} does not answer and has no share: ${answers.get(name)?.detail}`)
  const living = clusters.filter(isLiving)
  const told = living.flatMap(({ name }) => {
    const answer = answers.get(name)
    return answer === undefined ? [] : [{ name, answer }]
  })
  warnings.push(...warningsAboutVersions(told))
  if (living.length === 0) throw new Problem(503, 'none of the clusters answers', { hint: warnings.join('; ') })
  const resources = living.map(({ name }) => [name, resourcesOf(answers.get(name))] as const)
  const parts = divideItems(fanOut.items, weighClusters(new Map(resources), fanOut.weights))
  const shares = clusters.flatMap(({ name, place }, number): PlannedShare[] => {
    const items = parts.get(name) ?? []
    if (items.length === 0) return []
    const path = fanOutPath(id, number)
    const output = { url: signPut(path), target: 'experiment', path }
    const parameters = { ...fanOut.job.parameters, items: items.map(({ list }) => [...list]), output }
    refuseLong(name, parameters)
    return [{ number, turns: turnsFrom(place, living.map(placeOf), silent.map(placeOf)), parameters }]
  })
  return { request: composeOrder(context, caller, fanOut.name, planFanOut(fanOut.job, shares)), warnings }
}

function placeOf({ place }: FoundCluster): ClusterPlace {
  return place
}

function resourcesOf(answer: RayClusterAnswer | undefined) {
  return resourcesOfCluster((answer?.nodes ?? []).map((node) => ({ isAlive: node['is-alive'], resources: node.resources })))
}

/** Items travel in the one argument of the Ray job. */
function refuseLong(cluster: string, parameters: object): void {
  const usedBytes = Buffer.byteLength(JSON.stringify(parameters))
  if (usedBytes <= longestArgumentBytes) return
  const words = `the share of ${cluster} is ${usedBytes} bytes of JSON, and a Ray job takes ${longestArgumentBytes}`
  throw new Problem(413, words, { hint: 'send fewer items at once, or put what they hold into objects and name those' })
}
