import { readdir, readFile } from 'node:fs/promises'
import { identifyProcess } from '../process-identity.ts'
import type { LocalRun } from './local-job.ts'

const passes = 20

/**
 * Ends what a killed runner may have left behind: processes that carry the job's mark. In a pid namespace there is
 * nothing left; after a reboot neither.
 */
export async function sweepLostJob({ mark, bootId }: Pick<LocalRun, 'mark' | 'bootId'>): Promise<void> {
  if ((await identifyProcess(process.pid))?.bootId !== bootId) return
  for (let pass = 0; pass < passes; pass++) {
    const left = await findMarked(mark)
    if (left.length === 0) return
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // gone in the meantime
      }
    }
  }
}

async function findMarked(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
  const marked: number[] = []
  for (const pid of pids) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
    if (environment.includes(`LOCAL_JOB_MARK=${mark}\0`)) marked.push(pid)
  }
  return marked
}
