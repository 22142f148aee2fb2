import type { SubmissionAnswer, SubmissionRight } from '../scheduler.ts'

/** A Ray job on its way to a cluster. */
export interface RaySubmission extends SubmissionRight {
  /** Ray's own id: a cluster takes each once, so a repeat is found and not doubled. */
  submissionId: string
  /** In the user's words; it ends with the token, as a batch job's does. */
  jobName: string
  entrypoint: string
  /** `gcs://…` of a package that was uploaded; null: it has no files. */
  workingDirectory: string | null
  envVars: Readonly<Record<string, string>>
  /** pip requirements. */
  packages: readonly string[]
  /** What is kept free for the entrypoint itself. */
  resources: {
    cpus?: number | undefined
    gpus?: number | undefined
    memoryBytes?: number | undefined
    custom?: Readonly<Record<string, number>> | undefined
  }
}

/** One node of a Ray cluster. */
export interface RayNode {
  id: string
  isHead: boolean
  isAlive: boolean
  address: string
  /** Totals by Ray's names: CPU, GPU, memory (bytes), object_store_memory (bytes), and custom ones. */
  resources: Readonly<Record<string, number>>
}

/** What a cluster says of itself. */
export interface RayClusterDescription {
  rayVersion: string
  /** Null: this Ray does not tell. */
  pythonVersion: string | null
  nodes: readonly RayNode[]
}

/** Ray's Jobs API of one cluster, as far as submitting needs it. */
export interface RayCluster {
  describe(): Promise<RayClusterDescription>
  /** Whether a package is there; then Ray keeps it for a while. */
  hasPackage(name: string): Promise<boolean>
  putPackage(name: string, zip: Uint8Array): Promise<void>
  submit(submission: RaySubmission): Promise<SubmissionAnswer>
}
