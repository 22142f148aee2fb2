import type { SlurmServer } from '../../test/servers/slurm.ts'

/** What the cluster has counted until now. */
export interface Counted {
  /** Commands, each known by the one request that nothing else makes. */
  commands: number
  /** All requests of the user: squeue makes three, scontrol two, sacct three of slurmdbd. */
  requests: number
}

const requestOfCommand = [
  ...['REQUEST_JOB_INFO', 'REQUEST_JOB_USER_INFO', 'REQUEST_JOB_INFO_SINGLE', 'REQUEST_SUBMIT_BATCH_JOB', 'REQUEST_KILL_JOB'],
  'DBD_GET_JOBS_COND'
]

/** Counts what slurmctld and slurmdbd have answered. */
export async function countRequests({ exec, user }: SlurmServer): Promise<Counted> {
  const counted = { commands: 0, requests: 0 }
  for (const argv of [['sdiag'], ['sacctmgr', 'show', 'stats']]) {
    const { stdout, stderr, exitCode } = await exec(argv, { as: 'root' })
    if (exitCode !== 0) throw new Error(stderr)
    for (const request of requestOfCommand) counted.commands += readCount(stdout, request)
    counted.requests += readCount(stdout, user)
  }
  return counted
}

/** Lines like `csc  ( 20001) count:620  ave_time:786 …`; what never came has none. */
function readCount(statistics: string, name: string): number {
  return Number(new RegExp(`^\\s*${name}\\s*\\(\\s*\\d+\\)\\s*count:(\\d+)`, 'm').exec(statistics)?.[1] ?? 0)
}
