import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline/promises'
import { pathToFileURL } from 'node:url'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

export interface OwnProcess {
  readonly child: ChildProcess
  /** The lines that the code prints. */
  readonly lines: AsyncIterator<string>
}

/** Runs code of this folder in a process of its own, so that a test can kill what would otherwise be itself. */
export function inOwnProcess(code: string, environment: NodeJS.ProcessEnv = {}): OwnProcess {
  const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() }
}
