import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@lautta/core/errors'
import { z } from 'zod'
import type { JobIdentity } from '../scheduler.ts'

/** What is to be run, in `job.json`: written when the job is submitted. */
const localJobSchema = z.object({
  jobName: z.string(),
  token: z.string(),
  script: z.string(),
  workingDirectory: z.string(),
  outPath: z.string(),
  /** Null: both streams go to one file. Of an array they have `%a` where the number of a task stands. */
  errPath: z.string().nullable(),
  /** Which tasks, as a list, and how many of them at once (null: as many as can). Null is a job without tasks. */
  array: z.object({ tasks: z.string(), mostAtOnce: z.number().nullable() }).nullable().default(null),
  timeLimitSeconds: z.number().nullable(),
  /** Between TERM and KILL, as SLURM's KillWait. */
  graceSeconds: z.number(),
  environment: z.record(z.string(), z.string()),
  submittedAt: z.string()
})
export type LocalJob = z.output<typeof localJobSchema>

/** Who runs it, in `run.json`; `mark` is in the environment of every process of the job. */
const localRunSchema = z.object({
  pid: z.number(),
  startTicks: z.number(),
  bootId: z.string(),
  mark: z.string(),
  startedAt: z.string()
})
export type LocalRun = z.output<typeof localRunSchema>

/** How it ended, in `end.json`. `lost` is written by who finds that the runner was killed. */
const localEndSchema = z.object({
  why: z.enum(['exit', 'timeout', 'cancelled', 'lost']),
  exitCode: z.number().nullable(),
  signal: z.number().nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string(),
  cpuSeconds: z.number().nullable(),
  peakMemoryBytes: z.number().nullable()
})
export type LocalEnd = z.output<typeof localEndSchema>

/** The folder of a job, as far as its files are there yet. */
export const readJob = (folder: string): Promise<LocalJob | null> => read(join(folder, 'job.json'), localJobSchema)
export const readRun = (folder: string): Promise<LocalRun | null> => read(join(folder, 'run.json'), localRunSchema)
export const readEnd = (folder: string): Promise<LocalEnd | null> => read(join(folder, 'end.json'), localEndSchema)

/** What schedulers tell of a job's identity. */
export function identityOf({ jobName, submittedAt }: LocalJob): JobIdentity {
  return { jobName, submittedAtEpoch: Math.floor(Date.parse(submittedAt) / 1000) }
}

async function read<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
}

/** mkdir succeeds once: true for the first who asks. */
export async function makeFolderOnce(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** A file that is there whole or not at all. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const fresh = `${path}.${randomUUID()}`
  await writeFile(fresh, content, { mode: 0o600, flush: true })
  await rename(fresh, path)
}
