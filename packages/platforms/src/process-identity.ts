import { readFile } from 'node:fs/promises'
import { hasCode } from '@lautta/core/errors'

/** Tells a process from a later one with the same number: its start time and the boot it belongs to. */
export interface ProcessIdentity {
  pid: number
  startTicks: number
  bootId: string
}

/** Who a process is now; null when there is none. A zombie counts as gone: nothing of it runs any more. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | null> {
  const [stat, bootId] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch((error: unknown) => {
      // That we can't look, with too many files open say, is no evidence of an end.
      if (hasCode(error, 'ENOENT', 'ESRCH')) return null
      throw error
    }),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8')
  ])
  if (stat === null) return null
  // The program's name may hold blanks and brackets: the fields begin behind the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? null : { pid, startTicks: Number(fields[19]), bootId: bootId.trim() }
}

/** Whether that very process still runs. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid)
  return now !== null && now.startTicks === identity.startTicks && now.bootId === identity.bootId
}
