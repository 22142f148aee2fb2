/**
 * Where Lautta's own objects lie (contract section 3). Names are built here and never parsed: what a document is about
 * stands inside it.
 */
export const managementPrefix = 'MANAGEMENT/'

/** The request of an order, immutable. */
export const requestPath = (id: string): string => `MANAGEMENT/${id}.json`

/** All that belongs to an order beside its request. */
export const orderPrefix = (id: string): string => `MANAGEMENT/${id}/`

/** One order object: a start, a stop, or what is ordered for one job: cancel, hold, release, requeue. */
export const orderPath = (id: string, orderId: string): string => `MANAGEMENT/${id}/ORDERS/${orderId}.json`

/** A request that a notebook put there itself. */
export const picklePath = (id: string): string => `MANAGEMENT/${id}.pkl`

/** One version of an adopted request, immutable. */
export const adoptedPath = (id: string, number: number): string => `MANAGEMENT/${id}/ADOPTED/${number}.json`

/** An order on one platform as a notebook reads it. */
export const viewPath = (id: string, platform: string): string => `MANAGEMENT/${id}/${platform}.pkl`

/** What the submitter knows about an order on one platform. */
export const statusPath = (id: string, platform: string): string => `MANAGEMENT/${id}/${platform}.json`

/** Says that one sbatch was begun: written once, before it is called, and never changed. */
export const tryPath = (id: string, { platform, index, attempt, try: number }: BegunTry): string =>
  `MANAGEMENT/${id}/TRIES/${platform}/${index}-${attempt}-${number}.json`

/** One right to submit, within an attempt of a job. */
export interface BegunTry {
  platform: string
  index: number
  attempt: number
  try: number
  /** Of an adopted request, the version that is submitted; known once the object was read. */
  version?: number | null
  /** What was submitted may cost so much; known once the object was read. */
  estimate?: { cpuBu: number; gpuBu: number } | null
}

/** Which orders need no reading on a platform. */
export const finishedPath = (platform: string): string => `MANAGEMENT/.finished/${platform}.json`

/** What the user finds on a platform. */
export const environmentPath = (platform: string): string => `ENVIRONMENTS/${platform}.json`

/** All pauses of the installation, in its common bucket. */
export const pausePrefix = 'PAUSES/'

/** Whether a platform is paused, for the user of a slug or (null) for all. */
export const pausePath = (platform: string, slug: string | null): string =>
  `PAUSES/${platform}${slug === null ? '' : `/${slug}`}.json`

/** All forwards of the installation, in its common bucket. */
export const forwardPrefix = 'DEPLOYMENTS/FORWARD/IMPORTS/'

/** What is kept of a forward of the user of a slug: that it was asked for, that it is not wanted any more, how it is. */
export const forwardPath = (slug: string, id: string, part: 'request' | 'end' | 'status'): string =>
  `${forwardPrefix}${slug}/${id}${part === 'request' ? '' : `.${part}`}.json`

/** One attempt of one job: names its log and its tables. */
export interface Run {
  id: string
  platform: string
  index: number
  attempt: number
}

/** The name of a run, used in object names. */
export const runName = (run: Run): string => `${run.id}-${run.platform}-${run.index}-${run.attempt}`

/** Accounting rows of a run, in the user's submitter bucket. */
export const sacctPath = (run: Run): string => `ARTIFACTS/SACCT/${runName(run)}.parquet`

/** Lines of accounting of a run that can't be read, in the user's submitter bucket: there is none when all can. */
export const quarantinePath = (run: Run): string => `ARTIFACTS/QUARANTINE/${runName(run)}.jsonl`

/** What a run used and cost, in the user's submitter bucket. */
export const usagePath = (run: Run): string => `ARTIFACTS/USAGE/${runName(run)}.parquet`

/** What projects had used before jobs began whose bill is not settled yet. */
export const allocationsPrefix = 'ARTIFACTS/ALLOCATIONS/'

/** The same for one run. */
export const allocationsPath = (run: Run): string => `${allocationsPrefix}${runName(run)}.json`

/** The services' own tasks, by UTC date. */
export const tasksPrefix = 'ARTIFACTS/TASKS/'

/** The services' own tasks of a UTC date (`2026-11-22`), in the user's submitter bucket; a part is those of some minutes. */
export const tasksPath = (date: string, part: string): string => `${tasksPrefix}${date}/${part}.parquet`

/** Who ordered what, by UTC date. */
export const auditPrefix = 'AUDIT/'

/** Who ordered what on a UTC date, and what was done, in the common bucket; a part is what concerns one user, by slug. */
export const auditPath = (date: string, part: string): string => `${auditPrefix}${date}/${part}.parquet`

/** Where the tables of many runs lie joined, in the user's submitter bucket. */
export const compactedPrefix = 'ARTIFACTS/COMPACTED/'

/** Says which orders they hold. */
export const compactedIndexPath = `${compactedPrefix}index.json`

/** Rows of a table of many runs. */
export const compactedPartPath = (table: string, name: string): string =>
  `${compactedPrefix}${table.toUpperCase()}/${name}.parquet`

/** Up to when the documents of the user of a slug stand in the audit. */
export const auditMarkPath = (slug: string): string => `AUDIT/.known/${slug}.json`

/** How long each stage of a run took, in the user's pipeline bucket. */
export const timesPath = (run: Run): string => `TIMES/${runName(run)}.parquet`

/** The log table of a run, in the user's pipeline bucket. */
export const logTablePath = (run: Run): string => `LOGS/${runName(run)}.parquet`

/** What the Ray job of a share of a fan-out leaves, in the user's experiment bucket. */
export const fanOutPath = (id: string, share: number): string => `ARTIFACTS/FAN-OUT/${id}/${share}.json`

/** The two streams of a job. */
export const logSources = ['out', 'err'] as const
export type LogSource = (typeof logSources)[number]

/** One log: a stream of a job (`out`), or of one task of an array (`out.7`). */
export type LogStream = LogSource | `${LogSource}.${number}`

/** The name of a log; `task` is null for a whole job. */
export const logStreamOf = (source: LogSource, task: number | null): LogStream => (task === null ? source : `${source}.${task}`)

/** A whole raw log, written when the job has ended. */
export const logPath = (run: Run, stream: LogStream): string => `LOGS/${runName(run)}.${stream}.log`

/** The whole raw logs of all tasks of a source. */
export const taskLogsPrefix = (run: Run, source: LogSource): string => `LOGS/${runName(run)}.${source}.`

/** Where in a log that holds those of all tasks each of them lies. */
export const logIndexPath = (run: Run, source: LogSource): string => `LOGS/${runName(run)}.${source}.tasks.json`

/** The raw pieces of all logs of a run while it goes on. */
export const logPiecesPrefix = (run: Run): string => `LOGS/${runName(run)}/`

/** The raw pieces of one log. */
export const logPiecePrefix = (run: Run, stream: LogStream): string => `${logPiecesPrefix(run)}${stream}/`

/** One piece; the offset has a fixed width, so that pieces sort by it. */
export const logPiecePath = (run: Run, stream: LogStream, restart: number, offset: number): string =>
  `${logPiecePrefix(run, stream)}${restart}-${String(offset).padStart(15, '0')}`
