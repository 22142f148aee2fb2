import { insertPrologue, isShellScript } from '@lautta/core/batch-script'
import { quote } from '@lautta/core/quote'
import type { Submission } from '../scheduler.ts'

/** A job's variables as a file that sh and bash read; it is `~/.lautta/<token>/environment`, for its owner only. */
export function writeVariables({ environment = {} }: Pick<Submission, 'environment'>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('')
}

/** The script, which first reads the file when it is one for a shell and there are variables. */
export function readVariables(submission: Submission): string {
  const { script, token } = submission
  if (writeVariables(submission) === '' || !isShellScript(script)) return script
  const file = `"$HOME/.lautta/${token}/environment"`
  return insertPrologue(script, `[ ! -r ${file} ] || . ${file}`)
}
