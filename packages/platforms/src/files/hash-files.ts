import { UnavailableError } from '@lautta/core/errors'
import type { RemoteShell } from '../remote-shell.ts'
import { lastWords, listNames, runScript } from './run-script.ts'

const longestSeconds = 3600

/** What a command over many files found: the SHA-1 of each, and why there is none of a file. */
export interface FileHashes {
  sha1s: ReadonlyMap<string, string>
  complaints: ReadonlyMap<string, string>
}

/** The SHA-1 of files, as they are now, by their `remotePath`. */
export async function hashFiles(shell: RemoteShell, paths: readonly string[]): Promise<FileHashes> {
  const { stdout, stderr, exitCode } = await runScript(shell, {
    script: 'exec xargs -0 -r sha1sum -z --',
    stdin: listNames(paths),
    doing: 'reading the checksums of files',
    timeoutSeconds: longestSeconds
  })
  // 123: of some files there is none, which are told one by one.
  if (exitCode !== 0 && exitCode !== 123) throw new UnavailableError(`the checksums of files: ${lastWords(stderr)}`)
  const lines = stdout.toString('utf8').split('\0').slice(0, -1)
  const sha1s = new Map(lines.map((line) => [line.slice(42), line.slice(0, 40)]))
  const missing = paths.filter((path) => !sha1s.has(path))
  return { sha1s, complaints: missing.length === 0 ? new Map() : findComplaints(stderr, missing) }
}

/** What was said of some of many files: `sha1sum: ./a b: Permission denied`, the path perhaps in quotation marks. */
function findComplaints(stderr: string, missing: readonly string[]): Map<string, string> {
  const said = new Map<string, string>()
  for (const line of stderr.split('\n')) {
    const [, path, words] = /^sha1sum: '?(.*?)'?: ([^:]+)$/.exec(line) ?? []
    if (path !== undefined && words !== undefined) said.set(path, words)
  }
  return new Map(missing.map((path) => [path, said.get(path) ?? 'it can not be read']))
}
