import { readWorkspaces, type WorkspacesPrint } from '@lautta/core/workspaces/read-workspaces'
import { inLoginShell, tryLines } from './login-shell.ts'
import type { RemoteCommand } from './run-command.ts'

const innerSeconds = 20
const boundSeconds = 30

const script = `timeout -k 1 ${innerSeconds} bash -c "$1" 2>&1 </dev/null`

/** Runs the platform's own command that prints disk areas and their quotas. One that prints none of them is no failure. */
export function findWorkspaces(command: string, preamble: readonly string[]): RemoteCommand<WorkspacesPrint> {
  return {
    argv: inLoginShell(`${tryLines(preamble)}${script}`, [command]),
    timeoutSeconds: boundSeconds,
    outputLimitBytes: 256 * 1024,
    parse({ stdout, exitCode }) {
      const found = readWorkspaces(stdout)
      if (found.workspaces.length > 0 || found.unreadableLines.length > 0) return found
      // Of timeout(1).
      const words = exitCode === 124 ? `gave no answer within ${innerSeconds} s` : `printed nothing, and ended with ${exitCode}`
      return { ...found, unreadableLines: [`${command} ${words}`] }
    }
  }
}
