import { readFile, writeFile } from 'node:fs/promises'
import type { Turn } from '../benchmark.ts'
import type { Client } from './client.ts'

/** The most memory that a process had at any moment while an object of this size went up and down through it. */
export async function measureMemory(pid: number, client: Client, bytes: number): Promise<Turn> {
  // Sets the kernel's high-water mark back to what is in use now.
  await writeFile(`/proc/${pid}/clear_refs`, '5')
  const up = await client.putLarge('memory', bytes).catch(() => 0)
  const down = await client.get('memory').catch(() => 0)
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return { figure: Number(kilobytes) / 1024, errors: [up, down].filter((one) => one !== bytes).length }
}
