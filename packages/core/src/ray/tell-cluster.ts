import { z } from 'zod'

const resources = z
  .record(z.string(), z.number())
  .describe("by Ray's names: CPU, GPU, memory and object_store_memory (bytes), and custom ones")

/** What is known of a Ray cluster that was asked; one that did not answer says why in `detail`. */
export const rayClusterAnswerSchema = z.object({
  ok: z.boolean(),
  detail: z.string().describe('what was found, or why it failed, in the words of whoever said it'),
  hint: z.string().exactOptional(),
  'ray-version': z.string().nullable(),
  'python-version': z.string().nullable(),
  nodes: z.array(z.object({ id: z.string(), 'is-head': z.boolean(), 'is-alive': z.boolean(), address: z.string(), resources })),
  resources: resources.describe('of the nodes that live, together')
})
export type RayClusterAnswer = z.output<typeof rayClusterAnswerSchema>

/** A cluster as it described itself. */
interface DescribedCluster {
  rayVersion: string
  pythonVersion: string | null
  nodes: readonly {
    id: string
    isHead: boolean
    isAlive: boolean
    address: string
    resources: Readonly<Record<string, number>>
  }[]
}

/** Such as "Ray 2.60.0 with Python 3.11.7 on 1 of 2 nodes, 4 CPUs, 1 GPUs": what of it lives. */
export function describeCluster({ rayVersion, pythonVersion, nodes }: DescribedCluster): string {
  const alive = nodes.filter(({ isAlive }) => isAlive)
  const sumOf = (name: string): number => alive.reduce((sum, { resources }) => sum + (resources[name] ?? 0), 0)
  const program = `Ray ${rayVersion}${pythonVersion === null ? '' : ` with Python ${pythonVersion}`}`
  const gpus = sumOf('GPU') === 0 ? '' : `, ${sumOf('GPU')} GPUs`
  return `${program} on ${alive.length} of ${nodes.length} nodes, ${sumOf('CPU')} CPUs${gpus}`
}

/** What a cluster said of itself, as it is answered. */
export function tellCluster(cluster: DescribedCluster): RayClusterAnswer {
  const { rayVersion, pythonVersion, nodes } = cluster
  const alive = nodes.filter(({ isAlive }) => isAlive)
  const names = [...new Set(alive.flatMap((node) => Object.keys(node.resources)))].sort()
  const sumOf = (name: string): number => alive.reduce((sum, node) => sum + (node.resources[name] ?? 0), 0)
  return {
    ok: alive.length > 0,
    detail: describeCluster(cluster),
    'ray-version': rayVersion,
    'python-version': pythonVersion,
    nodes: nodes.map(({ isHead, isAlive, id, address, resources }) => ({
      ...{ id, 'is-head': isHead, 'is-alive': isAlive, address },
      resources: { ...resources }
    })),
    resources: Object.fromEntries(names.map((name) => [name, sumOf(name)]))
  }
}

/** The answer of a cluster that could not be asked. */
export function tellSilentCluster(detail: string, hint?: string): RayClusterAnswer {
  const nothing = { 'ray-version': null, 'python-version': null, nodes: [], resources: {} }
  return { ok: false, detail, ...(hint === undefined ? {} : { hint }), ...nothing }
}

interface VersionedCluster {
  name: string
  answer: Pick<RayClusterAnswer, 'ray-version' | 'python-version'>
}

/** One sentence for each program whose versions differ between clusters: what one pickled, another may not read. */
export function warningsAboutVersions(clusters: readonly VersionedCluster[]): string[] {
  const told = [
    { program: 'Ray', versions: clusters.map(({ name, answer }) => ({ name, version: answer['ray-version'] })) },
    { program: 'Python', versions: clusters.map(({ name, answer }) => ({ name, version: minorOf(answer['python-version']) })) }
  ]
  return told.flatMap(({ program, versions }) => {
    const byVersion = new Map<string, string[]>()
    for (const { name, version } of versions) {
      if (version !== null) byVersion.set(version, [...(byVersion.get(version) ?? []), name])
    }
    if (byVersion.size < 2) return []
    const words = [...byVersion].map(([version, names]) => `${version} on ${names.join(', ')}`)
    return [`${program} differs between clusters (${words.join('; ')}): what one of them pickled, another may not read`]
  })
}

/** Python keeps its formats within a minor version. */
function minorOf(version: string | null): string | null {
  return version === null ? null : version.split('.').slice(0, 2).join('.')
}
