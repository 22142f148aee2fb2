import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { UnavailableError } from '@lautta/core/errors'
import { dialTcp } from '../dial-tcp.ts'
import type { RemoteShell } from '../remote-shell.ts'

/** Runs commands as processes of this machine, with an environment of its own. */
export function createLocalShell(environment: Readonly<Record<string, string>>, directory: string): RemoteShell {
  return {
    async start([program = '', ...args]) {
      const child = spawn(program, args, { cwd: directory, env: environment, stdio: 'pipe' })
      try {
        await once(child, 'spawn')
      } catch (cause) {
        throw new UnavailableError(`${program} can not be started`, { cause })
      }
      // An unheard error would end our process.
      for (const emitter of [child, ...child.stdio]) emitter?.on('error', () => {})
      const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 255)))
      return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, ended, abandon: () => child.kill('SIGKILL') }
    },
    dial: dialTcp,
    isOpen: () => true,
    async close() {}
  }
}
