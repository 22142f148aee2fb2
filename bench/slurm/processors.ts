import { cpus } from 'node:os'
import { isAlive } from '../../test/servers/processes.ts'
import { run } from '../../test/servers/run.ts'

const count = cpus().length
const half = Math.max(1, Math.floor(count / 2))

/** Lautta, and what it is measured with, and the cluster, each on processors of its own; together on an only one. */
export const processors = {
  ours: `0-${half - 1}`,
  cluster: `${Math.min(half, count - 1)}-${count - 1}`,
  all: `0-${count - 1}`
}

/** Keeps processes, and all that they start from now on, to some of the processors. */
export async function keepTo(list: string, pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    const { exitCode, stderr } = await run(['taskset', '--all-tasks', '--pid', '--cpu-list', list, String(pid)])
    // One that has ended meanwhile needs none.
    if (exitCode !== 0 && isAlive(pid)) throw new Error(stderr)
  }
}
