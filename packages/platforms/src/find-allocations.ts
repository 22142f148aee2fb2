import { UnavailableError } from '@lautta/core/errors'
import { readAllocations } from '@lautta/core/workspaces/read-allocation'
import type { Allocation } from '@lautta/core/workspaces/workspace'
import { inLoginShell, tryLines } from './login-shell.ts'
import type { RemoteCommand } from './run-command.ts'

const innerSeconds = 20
const boundSeconds = 30

/** Runs the platform's own command that prints what projects have used. */
export function findAllocations(command: string, preamble: readonly string[]): RemoteCommand<Allocation[]> {
  const script = `${tryLines(preamble)}timeout -k 1 ${innerSeconds} bash -c "$1" 2>&1 </dev/null`
  return {
    argv: inLoginShell(script, [command]),
    timeoutSeconds: boundSeconds,
    outputLimitBytes: 256 * 1024,
    parse({ stdout, exitCode }) {
      const found = readAllocations(stdout)
      if (found.length > 0) return found
      throw new UnavailableError(`${command} tells of no project, and ended with ${exitCode}: ${stdout.trim().slice(0, 200)}`)
    }
  }
}
