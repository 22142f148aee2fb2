import type { Readable } from 'node:stream'
import { UnavailableError } from '@lautta/core/errors'
import { z } from 'zod'
import type { RayClusterDescription, RayNode, RaySubmission } from './ray-cluster.ts'
import { createRayHttp, type RayAccess } from './ray-http.ts'
import { type RayJobInfo, rayMetadata, readRayJob } from './ray-job-info.ts'
import { endedStates } from './ray-state.ts'

/** The Jobs API of one Ray cluster, and what else its dashboard tells. */
export interface RayApi {
  /** The version of Ray; throws when what answers is no Ray whose Jobs API we know. */
  readVersion(): Promise<string>
  describe(): Promise<RayClusterDescription>
  /** A Ray job by its submission id; null: Ray never heard of it, or has forgotten it. */
  findRayJob(submissionId: string): Promise<RayJobInfo | null>
  /** All that were submitted since the cluster began and not deleted. */
  listRayJobs(): Promise<RayJobInfo[]>
  /** Those that have not ended. */
  listLiveRayJobs(): Promise<RayJobInfo[]>
  submit(submission: RaySubmission): Promise<void>
  /** Asks for the end of a Ray job; one that has ended, or is not there, is no error. */
  stop(submissionId: string): Promise<void>
  /** Lets Ray forget a Ray job that has ended. */
  remove(submissionId: string): Promise<void>
  /** Whether a package is there; then Ray keeps it for ten minutes. */
  hasPackage(name: string): Promise<boolean>
  putPackage(name: string, zip: Uint8Array): Promise<void>
  /** The bytes of a file among the logs of a node, or Ray's words when it can't be had. */
  openLog(nodeId: string, fileName: string): Promise<Readable | { refused: string }>
  close(): Promise<void>
}

// Of the Jobs API: below 4 it can not delete, and it takes no resources.
const oldestVersion = 4
const mostListed = 10_000
const longestStreamSeconds = 600

const versionSchema = z.object({ version: z.string(), ray_version: z.string() })
const metadataSchema = z.object({ data: z.object({ pythonVersion: z.string() }) })
const nodeSchema = z.object({
  node_id: z.string(),
  node_ip: z.string(),
  is_head_node: z.boolean(),
  state: z.string(),
  resources_total: z.record(z.string(), z.number()).nullish()
})
/** How the state API answers: half of it is repeated around every list. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ data: z.object({ result: z.object({ result: z.array(item) }) }) }).transform(({ data }) => data.result.result)

/** Opens the dashboard of a cluster; it is asked when it is first used. */
export function createRayApi(access: RayAccess): RayApi {
  const { name } = access
  const http = createRayHttp(access)

  /** Reads JSON as Ray tells it; what else answers there says nothing that we could act upon. */
  const read = async <Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | null> => {
    const { status, text } = await http.ask({ method: 'GET', path })
    if (status === 404 && isOfRay(text)) return null
    if (status === 404) throw unlikeRay(name, `it has no ${path.split('?')[0]}: ${firstLine(text)}`)
    try {
      return schema.parse(JSON.parse(text))
    } catch (cause) {
      throw unlikeRay(name, firstLine(text), cause)
    }
  }
  const readList = async <Item extends z.ZodType>(path: string, item: Item): Promise<z.output<Item>[]> =>
    (await read(`${path}${path.includes('?') ? '&' : '?'}limit=${mostListed}`, listOf(item))) ?? []

  const readVersion = async (): Promise<string> => {
    const found = await read('/api/version', versionSchema)
    if (found === null) throw unlikeRay(name, 'it has no /api/version')
    if (!(Number(found.version) >= oldestVersion)) {
      throw new UnavailableError(`${name} has version ${found.version} of the Jobs API, with Ray ${found.ray_version}`, {
        hint: `Lautta needs version ${oldestVersion} or a later one: take a newer Ray`
      })
    }
    return found.ray_version
  }

  return {
    readVersion,
    async describe() {
      const rayVersion = await readVersion()
      const [metadata, nodes] = await Promise.all([
        read('/api/v0/cluster_metadata', metadataSchema),
        readList('/api/v0/nodes', nodeSchema)
      ])
      return { rayVersion, pythonVersion: metadata?.data.pythonVersion ?? null, nodes: nodes.map(toNode) }
    },
    async findRayJob(submissionId) {
      return read(`/api/jobs/${encodeURIComponent(submissionId)}`, z.unknown().transform(readRayJob))
    },
    async listRayJobs() {
      const jobs = await read('/api/jobs/', z.array(z.unknown().transform(readRayJob)))
      return (jobs ?? []).filter((job) => job !== null)
    },
    async listLiveRayJobs() {
      const jobs = await readList(`/api/v0/jobs?${liveOnly}`, z.unknown().transform(readRayJob))
      return jobs.filter((job) => job !== null)
    },
    async submit(submission) {
      const { status, text } = await http.ask({ method: 'POST', path: '/api/jobs/', body: toRequest(submission) })
      if (status === 404) throw unlikeRay(name, firstLine(text))
    },
    async stop(submissionId) {
      await http.ask({ method: 'POST', path: `/api/jobs/${encodeURIComponent(submissionId)}/stop` })
    },
    async remove(submissionId) {
      await http.ask({ method: 'DELETE', path: `/api/jobs/${encodeURIComponent(submissionId)}` })
    },
    async hasPackage(packageName) {
      const { status, text } = await http.ask({ method: 'GET', path: packagePath(packageName) })
      if (status === 404 && !isOfRay(text)) throw unlikeRay(name, firstLine(text))
      return status !== 404
    },
    async putPackage(packageName, zip) {
      const { status, text } = await http.ask({ method: 'PUT', path: packagePath(packageName), body: zip })
      if (status === 404) throw unlikeRay(name, firstLine(text))
    },
    // By its submission id Ray 2.60 finds no log; and as JSON it tells none that is not UTF-8.
    openLog: (nodeId, fileName) => http.stream(`/api/v0/logs/file?${logQuery(nodeId, fileName)}`),
    close: () => http.close()
  }
}

/** Whether it is Ray that says that something is not there: any program answers 404 to a path that it does not know. */
const isOfRay = (text: string): boolean => /^(?:Job|Package) .* does not exist/.test(text)

const packagePath = (packageName: string) => `/api/packages/gcs/${encodeURIComponent(packageName)}`

function logQuery(nodeId: string, fileName: string): URLSearchParams {
  return new URLSearchParams({ node_id: nodeId, filename: fileName, lines: '-1', timeout: String(longestStreamSeconds) })
}

// States that we do not know are not left out.
const filters = [['type', '=', 'SUBMISSION'] as const, ...endedStates.map((state) => ['status', '!=', state] as const)]
const liveOnly = new URLSearchParams([
  ['detail', 'true'],
  ...filters.flatMap(([key, predicate, value]): [string, string][] => [
    ['filter_keys', key],
    ['filter_predicates', predicate],
    ['filter_values', value]
  ])
])

function toNode(node: z.output<typeof nodeSchema>): RayNode {
  return {
    id: node.node_id,
    isHead: node.is_head_node,
    isAlive: node.state === 'ALIVE',
    address: node.node_ip,
    resources: node.resources_total ?? {}
  }
}

function toRequest(submission: RaySubmission): object {
  const { submissionId, entrypoint, jobName, token, workingDirectory, envVars, packages, resources } = submission
  return {
    submission_id: submissionId,
    entrypoint,
    metadata: rayMetadata(jobName, token),
    runtime_env: {
      ...(workingDirectory === null ? {} : { working_dir: workingDirectory }),
      ...(Object.keys(envVars).length === 0 ? {} : { env_vars: envVars }),
      ...(packages.length === 0 ? {} : { pip: packages })
    },
    entrypoint_num_cpus: resources.cpus,
    entrypoint_num_gpus: resources.gpus,
    entrypoint_memory: resources.memoryBytes,
    entrypoint_resources: resources.custom
  }
}

function unlikeRay(name: string, words: string, cause?: unknown): UnavailableError {
  return new UnavailableError(`${name} does not answer as Ray does: ${words}`, {
    cause,
    hint: 'its address must be that of the dashboard, as `ray start` prints it'
  })
}

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').slice(0, 200)
}
