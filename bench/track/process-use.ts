import { readFile } from 'node:fs/promises'

const ticksPerSecond = 100
const [userTime, systemTime] = [11, 12]

/** The processor time that a process has used since it began. */
export async function readCpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name, in brackets, may have blanks in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[userTime]) + Number(fields[systemTime])) / ticksPerSecond
}

/** The memory that a process has now. */
export async function readMemoryMebibytes(pid: number): Promise<number> {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

/** Connections of this machine to one of its own ports. */
export async function countConnections(port: number): Promise<number> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/))
  // 01 is ESTABLISHED.
  return lines.filter(([, , to = '', state]) => to.endsWith(remote) && state === '01').length
}
