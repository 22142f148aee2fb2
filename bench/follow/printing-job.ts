import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { openControlMaster } from '../slurm/open-ssh.ts'
import { followOrder, startOrder } from '../slurm/orders.ts'
import { platform, type Stage } from '../slurm/stage.ts'

/** A line that a job printed, and when. */
export interface Line {
  text: string
  atMs: number
}

/** A job that prints what it is told. */
export interface PrintingJob {
  orderId: string
  logFile: string
  print(): Promise<Line>
}

// So that a line falls anywhere between two looks.
const longestPauseMs = 4000

/** Starts such a job; answers when its order tells that it runs. */
export async function startPrinting(stage: Stage): Promise<PrintingJob> {
  const [pipe, logFile] = [`/users/csc/${randomUUID()}`, `/users/csc/${randomUUID()}.out`]
  await stage.slurm.exec(['mkfifo', pipe])
  // Open for both, so that no end comes between two lines.
  const script = `#!/bin/bash\nexec 3<>${pipe}\nwhile read -r line <&3; do echo "$line"; done\n`
  const orderId = await startOrder(stage, [{ script, options: { output: logFile } }])
  await followOrder(stage, orderId, ({ to }) => to === 'running')
  return {
    ...{ orderId, logFile },
    async print() {
      await pause(Math.random() * longestPauseMs)
      const line = { text: randomUUID(), atMs: Date.now() }
      await writeFile(stage.slurm.hostPath(pipe), `${line.text}\n`)
      return line
    }
  }
}

/** Follows by events; answers what waits for a line and tells how late it came, in seconds. */
export async function followByLautta({ url, apiKey }: Stage, { orderId }: PrintingJob) {
  const headers = { authorization: `Bearer ${apiKey}`, accept: 'text/event-stream' }
  const response = await fetch(`${url}/v1/orchestrations/${orderId}/jobs/${platform}/0/log`, { headers })
  if (response.body === null) throw new Error(`no log: ${response.status}`)
  return untilIn(response.body)
}

/** Follows by `tail -F` on the login node. */
export async function followByHand({ slurm }: Stage, { logFile }: PrintingJob) {
  const openSsh = await openControlMaster(slurm)
  const argv = ['ssh', ...openSsh.options, openSsh.login, `tail -n +1 -F ${logFile}`]
  const tail = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(tail, 'spawn')
  return untilIn(tail.stdout)
}

function untilIn(stream: Readable | ReadableStream<Uint8Array>): (line: Line) => Promise<number> {
  const seenAtMs = new Map<string, number>()
  let wake = (): void => {}
  const read = async (): Promise<void> => {
    for await (const chunk of stream) {
      for (const [id] of Buffer.from(chunk)
        .toString()
        .matchAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g)) {
        seenAtMs.set(id, Date.now())
      }
      wake()
    }
  }
  read().catch(() => {})
  return async ({ text, atMs }) => {
    while (!seenAtMs.has(text)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return ((seenAtMs.get(text) ?? Number.NaN) - atMs) / 1000
  }
}
