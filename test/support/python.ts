import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const python = fileURLToPath(new URL('../../.test/python/bin/python', import.meta.url))

/** Runs a Python script with pandas, pyarrow and DuckDB; answers what it prints, read as JSON. */
export async function runPython(script: string, ...args: string[]): Promise<unknown> {
  if (!existsSync(python)) throw new Error('the readers of our tables are not installed: run test/support/install-python')
  // Without an interpreter's end: on a busy machine the threads of pyarrow sometimes abort it.
  const whole = `${script}\nimport os, sys; sys.stdout.flush(); os._exit(0)`
  const { stdout } = await promisify(execFile)(python, ['-c', whole, ...args], { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout)
}
