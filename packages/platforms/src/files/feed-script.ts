import { UnavailableError } from '@lautta/core/errors'
import type { RemoteProcess, RemoteShell } from '../remote-shell.ts'
import { type CommandOutput, collectOutput, withTimeout } from '../run-command.ts'
import { startScript } from './run-script.ts'
import { watchForStall } from './watch-for-stall.ts'

/** A script that reads what is sent. */
interface FedScript {
  script: string
  args: readonly string[]
  source: Iterable<Buffer> | AsyncIterable<Buffer>
  /** What is done, for the case that it does not come to an end. */
  doing: string
}

const longestSeconds = 1800

/** Runs a script, and sends it all of a source; the script's end counts, also where it did not read all of it. */
export async function feedScript(shell: RemoteShell, { script, args, source, doing }: FedScript): Promise<CommandOutput> {
  const started = await startScript(shell, script, args)
  const answer = collectOutput(started)
  answer.catch(() => {})
  try {
    await feed(started, source)
  } catch (cause) {
    started.abandon()
    throw cause
  }
  return withTimeout(answer, longestSeconds).catch((cause: unknown) => {
    started.abandon()
    throw new UnavailableError(`${doing} was interrupted`, { cause })
  })
}

/** Fails when the source does. What the far end does not read any more is not sent: its exit code tells why. */
async function feed({ stdin, ended, abandon }: RemoteProcess, source: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
  let isOver = false
  let wake = () => {}
  const end = () => {
    isOver = true
    wake()
  }
  ended.then(end, end)
  stdin.on('drain', () => wake()).on('close', end)
  const stalls = watchForStall(abandon)
  try {
    for await (const chunk of source) {
      if (isOver) return
      const hasRoom = stdin.write(chunk)
      if (!hasRoom && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      stalls.progressed()
    }
    stdin.end()
  } finally {
    stalls.end()
  }
}
