import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import type { Usage } from '@lautta/core/accounting/usage'
import { compareAllocations, type JobToBill } from '@lautta/core/billing/compare-allocations'
import { UnavailableError } from '@lautta/core/errors'
import { allocationsPath, type Run } from '@lautta/core/object-names'
import { type AllocationReading, readReading, writeReading } from '@lautta/object-store/allocation-readings'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { AllocationReader } from './allocation-reader.ts'
import type { UsagePorts } from './tell-usage.ts'

/** Where bills are settled by what projects have used. */
export interface BillPorts extends UsagePorts {
  store: ObjectStore
  management: Management
  readAllocations: AllocationReader
  now(): Date
}

const firstLook = new Date(0)

/** Keeps what the user's projects had used when a run was first seen running: nobody can tell that later. */
export async function noteAllocations(ports: BillPorts, user: string, run: Run): Promise<void> {
  const { store, management, known } = ports
  if (known(run.platform)?.allocationsCommand == null) return
  const bucket = management.bucketOf(user)
  if ((await store.head(bucket, allocationsPath(run))) !== null) return
  const read = await unlessAway(() => ports.readAllocations(user, run.platform, firstLook))
  if (read != null) await writeReading(store, bucket, { run, ...read, job: null })
}

/**
 * Takes the bill of a run that has ended from its project's numbers, where they tell it. The answer is kept before the
 * table is written, so that whoever writes it again says the same; where the numbers are not of after its end yet, the
 * formula stands, and they are compared again later.
 */
export async function settleBill(
  ports: BillPorts,
  user: string,
  run: Run,
  records: readonly AccountingRecord[],
  usage: Usage
): Promise<Usage> {
  const { store, management, known } = ports
  if (known(run.platform)?.allocationsCommand == null) return usage
  const bucket = management.bucketOf(user)
  const reading = await readReading(store, bucket, run)
  if (reading === null) return usage
  const settled = reading.told === undefined ? await settleReading(ports, user, reading, jobOf(records, usage)) : reading
  await writeReading(store, bucket, settled)
  return settled.told == null ? usage : { ...usage, ...settled.told, source: 'lumi-allocations' }
}

/** The reading with what has come of it: `told` stays open while the later numbers are not of after the job's end. */
export async function settleReading(
  ports: BillPorts,
  user: string,
  reading: AllocationReading,
  job: JobToBill | null
): Promise<AllocationReading> {
  if (job === null) return { ...reading, told: null }
  const told = await unlessAway(async () => {
    const { platform } = reading.run
    // SLURM tells whole seconds: a look in the very second of the end may have been before it.
    const since = new Date((job.endedAtEpoch + 1) * 1000)
    const later = await ports.readAllocations(user, platform, since)
    const timeZone = ports.known(platform)?.timeZone ?? null
    const compared = compareAllocations(reading.allocations, later?.allocations ?? [], job, timeZone)
    if (compared.kind !== 'told') return compared.kind === 'too-early' ? undefined : null
    const { fromEpoch, toEpoch, cpuBu, gpuBu, storageBu } = compared
    const { scheduler } = await ports.connect(user, platform)
    const ids = (await scheduler.findBilledJobs?.(job.project, new Date(fromEpoch * 1000), new Date(toEpoch * 1000))) ?? []
    // What others used in between can not be told from what this one did.
    return ids.every((id) => id === job.slurmJobId) ? { cpuBu, gpuBu, storageBu } : null
  })
  return { ...reading, job, told }
}

/** The job's own accounting does not wait for a platform that tells nothing of its project now: that is asked again later. */
async function unlessAway<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof UnavailableError) return undefined
    throw error
  }
}

function jobOf(records: readonly AccountingRecord[], { jobId, billedProject, cpuBu, gpuBu }: Usage): JobToBill | null {
  const own = records.filter(({ jobStep }) => jobStep === null)
  const starts = own.flatMap(({ startedAtEpoch }) => startedAtEpoch ?? [])
  const ends = own.flatMap(({ endedAtEpoch }) => endedAtEpoch ?? [])
  if (billedProject === null || starts.length === 0 || ends.length === 0) return null
  const startedAtEpoch = starts.reduce((one, other) => Math.min(one, other))
  const endedAtEpoch = ends.reduce((one, other) => Math.max(one, other))
  return { project: billedProject, slurmJobId: jobId, startedAtEpoch, endedAtEpoch, cpuBu, gpuBu }
}
