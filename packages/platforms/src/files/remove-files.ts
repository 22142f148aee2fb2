import type { RemoteShell } from '../remote-shell.ts'
import { hashFiles } from './hash-files.ts'
import { failureOf, listNames, runScript } from './run-script.ts'

/**
 * Removes files, by their `remotePath` and the SHA-1 of what was copied: those that are now as they were then. Answers
 * which others are there. `mayRemove` is asked last of all.
 */
export async function removeUnchanged(
  shell: RemoteShell,
  copied: ReadonlyMap<string, string>,
  mayRemove: () => void
): Promise<string[]> {
  if (copied.size === 0) return []
  const { sha1s } = await hashFiles(shell, [...copied.keys()])
  const [equal, changed] = [[...sha1s].filter(isAsCopied), [...sha1s].filter((one) => !isAsCopied(one))]
  mayRemove()
  const stdin = listNames(equal.map(([path]) => path))
  const { stderr, exitCode } = await runScript(shell, { script: 'exec xargs -0 -r rm -f --', stdin, doing: 'removing files' })
  if (exitCode !== 0) throw failureOf('removing what was brought', stderr)
  return changed.map(([path]) => path)

  function isAsCopied([path, sha1]: [string, string]): boolean {
    return copied.get(path) === sha1
  }
}
