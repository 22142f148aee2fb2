import { setTimeout as pause } from 'node:timers/promises'
import type { Turn } from '../benchmark.ts'
import { openControlMaster } from '../slurm/open-ssh.ts'
import type { Stage } from '../slurm/stage.ts'
import { startEndingJob } from './ending-job.ts'
import { addWaitingJobs, untilQuiet } from './fill.ts'
import { countConnections, readCpuSeconds, readMemoryMebibytes } from './process-use.ts'
import { countRequests } from './slurm-requests.ts'

/** What it costs to keep an eye on so many jobs, and how soon an end is told. */
export interface Tracking {
  jobsPerSecond: Turn
  commandsPerMinute: number
  requestsPerMinute: number
  connections: number
  cpuSecondsPerMinute: number
  memoryMebibytes: number
  ends: Turn[]
  /** One `squeue` by hand, in seconds, and the processor time of it. */
  listings: Turn[]
  listingCpuSeconds: number
}

export interface TrackingSize {
  quietSeconds: number
  ends: number
}

// As long as the longest interval between two listings, so that an end falls anywhere in one.
const longestPauseMs = 10_000

/** Measures with so many jobs, of which one runs and all others wait; `orders` are those of them that are there already. */
export async function measureTracking(
  stage: Stage,
  orders: string[],
  { missing, quietSeconds, ends }: TrackingSize & { missing: number }
): Promise<Tracking> {
  const { slurm, submitterPid } = stage
  const filled = await addWaitingJobs(stage, missing)
  orders.push(...filled.orders)
  const first = await startEndingJob(stage)
  await untilQuiet(stage, orders, 5)

  const read = async () => ({ ...(await countRequests(slurm)), cpuSeconds: await readCpuSeconds(submitterPid) })
  const before = await read()
  await pause(quietSeconds * 1000)
  const after = await read()
  const minutes = quietSeconds / 60
  const tracking: Tracking = {
    jobsPerSecond: filled.turn,
    commandsPerMinute: (after.commands - before.commands) / minutes,
    requestsPerMinute: (after.requests - before.requests) / minutes,
    connections: await countConnections(slurm.port),
    cpuSecondsPerMinute: (after.cpuSeconds - before.cpuSeconds) / minutes,
    memoryMebibytes: await readMemoryMebibytes(submitterPid),
    ...{ ends: [], listings: [], listingCpuSeconds: 0 }
  }
  for (let round = 0; round < ends; round++) {
    const job = round === 0 ? first : await startEndingJob(stage)
    await pause(Math.random() * longestPauseMs)
    tracking.ends.push({ figure: await job.end(), errors: 0 })
    const { seconds, cpuSeconds } = await listByHand(stage)
    tracking.listings.push({ figure: seconds, errors: 0 })
    tracking.listingCpuSeconds = cpuSeconds
  }
  return tracking
}

/** One listing over a warm connection of OpenSSH. */
async function listByHand({ slurm }: Stage): Promise<{ seconds: number; cpuSeconds: number }> {
  const openSsh = await openControlMaster(slurm)
  try {
    const { stderr } = await openSsh.run('bash -c \'TIMEFORMAT="%R %U %S"; time squeue --me --noheader >/dev/null\'')
    const [seconds = Number.NaN, user = 0, system = 0] = stderr.trim().split(' ').map(Number)
    return { seconds, cpuSeconds: user + system }
  } finally {
    await openSsh.close()
  }
}
