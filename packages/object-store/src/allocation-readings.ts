import { allocationsPath, allocationsPrefix, type Run } from '@lautta/core/object-names'
import { type FromWire, fromWire, toWire } from '@lautta/core/wire'
import { allocationSchema } from '@lautta/core/workspaces/workspace'
import { z } from 'zod'
import type { ObjectStore } from './object-store.ts'
import { putVersioned } from './put-versioned.ts'
import { listAll, readObject } from './read-object.ts'

const units = z.number().nullable()

const readingSchema = z.object({
  schema: z.literal(1),
  run: z.object({ id: z.string(), platform: z.string(), index: z.number().int(), attempt: z.number().int() }),
  'read-at': z.string(),
  allocations: z.array(allocationSchema),
  /** Since the job has ended. */
  job: z
    .object({
      project: z.string(),
      'slurm-job-id': z.string(),
      'started-at-epoch': z.number(),
      'ended-at-epoch': z.number(),
      'cpu-bu': units,
      'gpu-bu': units
    })
    .nullable(),
  /** What the project's numbers tell of it, once that is known; null is nothing. */
  told: z.object({ 'cpu-bu': units, 'gpu-bu': units, 'storage-bu': units }).nullable().optional()
})

/** What projects had used before a run began, kept until its bill is settled. */
export type AllocationReading = Omit<FromWire<z.output<typeof readingSchema>>, 'schema'>

/** Keeps a reading, or what has come to be known since. */
export async function writeReading(store: ObjectStore, bucket: string, reading: AllocationReading): Promise<void> {
  const content = Buffer.from(JSON.stringify(toWire({ schema: 1, ...reading })))
  await putVersioned(store, bucket, allocationsPath(reading.run), content, { contentType: 'application/json' })
}

/** Null: there is none that can be read. */
export async function readReading(store: ObjectStore, bucket: string, run: Run): Promise<AllocationReading | null> {
  return readAt(store, bucket, allocationsPath(run))
}

/** All readings of a user that are kept. */
export async function listReadings(store: ObjectStore, bucket: string): Promise<AllocationReading[]> {
  const readings: AllocationReading[] = []
  for (const { path } of await listAll(store, bucket, allocationsPrefix)) {
    const reading = await readAt(store, bucket, path)
    if (reading !== null) readings.push(reading)
  }
  return readings
}

async function readAt(store: ObjectStore, bucket: string, path: string): Promise<AllocationReading | null> {
  const content = await readObject(store, bucket, path)
  // One in a form that we do not know tells us nothing: the formula stands.
  const read = content === null ? null : readingSchema.safeParse(parseJson(content.toString('utf8')))
  return read?.success ? fromWire(read.data) : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
