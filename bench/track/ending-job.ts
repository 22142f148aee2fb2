import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { followOrder, startOrder } from '../slurm/orders.ts'
import type { Stage } from '../slurm/stage.ts'

/** A job that runs until it is told to end. */
export interface EndingJob {
  /** Ends it, and answers how long it took from then until its end was told, in seconds. */
  end(): Promise<number>
}

/** Starts such a job; answers when its order tells that it runs. */
export async function startEndingJob(stage: Stage): Promise<EndingJob> {
  const pipe = `/users/csc/${randomUUID()}`
  await stage.slurm.exec(['mkfifo', pipe])
  const id = await startOrder(stage, [{ script: `#!/bin/bash\nread -r word <${pipe}\n` }])
  await followOrder(stage, id, ({ to }) => to === 'running')
  return {
    async end() {
      await writeFile(stage.slurm.hostPath(pipe), 'end\n')
      const endedAtMs = Date.now()
      const events = await followOrder(stage, id, ({ to }) => to === 'finishing')
      return ((events.at(-1)?.seenAtMs ?? Number.NaN) - endedAtMs) / 1000
    }
  }
}
