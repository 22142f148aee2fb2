import { declareJob, type Job } from '../../packages/core/src/job/job.ts'
import { nameWithToken } from '../../packages/core/src/job/job-token.ts'
import type { Management } from '../../packages/object-store/src/management.ts'
import type { SlurmServer } from '../servers/slurm.ts'
import type { createOrderClient } from './order-client.ts'

export interface TrackedJobs {
  slurm: SlurmServer
  orders: ReturnType<typeof createOrderClient>
  management: Management
  user: string
  platform: string
}

// Reads names and prints "<name> <id>": many sbatch at once, and one command for all of them.
const submitAll = "xargs -P 4 -I NAME sh -c 'echo NAME $(sbatch --parsable --hold --job-name=NAME --wrap=true)'"

/**
 * Orders whose held jobs are on the platform, submitted directly and with statuses as if Lautta had done so: it would
 * take as long as all else that such a test does. No submitter may run meanwhile. Answers the orders' ids.
 */
export async function trackHeldJobs(
  { slurm, orders, management, user, platform }: TrackedJobs,
  orderCount: number,
  jobsPerOrder: number
): Promise<string[]> {
  const indexes = Array.from({ length: jobsPerOrder }, (_, index) => index)
  const jobs = indexes.map(() => ({ script: '#!/bin/sh\ntrue\n', options: { hold: true } }))
  const ids: string[] = []
  for (let order = 0; order < orderCount; order++) ids.push(await orders.declare(platform, jobs))
  const nameOf = (id: string, index: number) =>
    nameWithToken('story', management.tokenOf(user, { id, platform, index, attempt: 1 }))
  const names = ids.flatMap((id) => indexes.map((index) => nameOf(id, index)))
  const { stdout } = await slurm.exec(['sh', '-c', submitAll], { stdin: names.join('\n') })
  const idOf = new Map(stdout.split('\n').map((line) => line.split(' ') as [string, string]))
  const at = new Date().toISOString()
  for (const id of ids) {
    const submitted = indexes.map((index): Job => {
      const slurmJobId = idOf.get(nameOf(id, index)) ?? ''
      if (slurmJobId === '') throw new Error(`not submitted: ${stdout}`)
      return {
        ...declareJob(index),
        ...{ startOrderedAt: at, preparingAt: at, preparedAt: at, submittedAt: at },
        state: { kind: 'queued', slurmJobId, reason: null }
      }
    })
    await management.writeStatus(user, { schema: 1, id, platform, fence: 0, sequence: 1, jobs: submitted, history: [] })
    await orders.give(id, 'start')
  }
  return ids
}
