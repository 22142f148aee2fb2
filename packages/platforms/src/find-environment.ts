import type { Language } from '@lautta/core/documents/environment-document'
import { UnavailableError } from '@lautta/core/errors'
import { inLoginShell, tryLines } from './login-shell.ts'
import type { RemoteCommand } from './run-command.ts'

/** What a user finds on a platform when they log in. */
export interface FoundEnvironment {
  directory: string
  languages: Language[]
  modules: string[]
}

const mostModules = 2000
// What a user's own program says of itself may be anything.
const longestVersion = 200
const boundSeconds = 30

/** By name, the command that tells the version in its first line. */
const languageCommands = { Python: 'python3', R: 'R', Julia: 'julia', GCC: 'gcc' }

// Each part is bounded, so that one that hangs does not take the others with it. Modules are listed as those that a
// preamble made known, too; module is a function, which the inner shell gets by export.
const script = `printf 'directory %s\\n' "$HOME"
while [ "$#" -gt 1 ]; do
  command -v "$2" >/dev/null && printf 'language %s %s\\n' "$1" "$(timeout -k 1 3 "$2" --version 2>&1 </dev/null | head -n 1)"
  shift 2
done
command -v module >/dev/null || exit 0
export -f module
timeout -k 1 10 bash -c 'module -t avail' 2>&1 </dev/null | head -n ${mostModules} | sed 's/^/module /'
exit 0`

/** Looks for the home directory, languages and modules; heavy, so seldom. */
export function findEnvironment(preamble: readonly string[]): RemoteCommand<FoundEnvironment> {
  return {
    argv: inLoginShell(`${tryLines(preamble)}${script}`, Object.entries(languageCommands).flat()),
    timeoutSeconds: boundSeconds,
    outputLimitBytes: 1024 * 1024,
    parse({ stdout, stderr }) {
      const lines = stdout.split('\n')
      const told = (word: string): string[] =>
        lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1).trim())
      const [directory] = told('directory')
      if (directory === undefined) throw new UnavailableError(`the login shell ends before it tells anything: ${stderr.trim()}`)
      return { directory, languages: told('language').flatMap(readLanguage), modules: told('module').flatMap(readModule) }
    }
  }
}

/** `Python Python 3.6.8`: our name, and what it says of itself. */
function readLanguage(line: string): Language[] {
  const [, name = '', words = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? []
  const version = /\d+(\.\d+)+/.exec(words.slice(0, longestVersion))?.[0]
  return version === undefined ? [] : [{ name, version }]
}

/** Terse lists have headings that end in a colon, families that end in a slash, and tags such as `(default)`. */
function readModule(line: string): string[] {
  const [, name] = /^([\w.+/@-]*[\w.+@-])(?:\s*[(<].*)?$/.exec(line) ?? []
  return name === undefined ? [] : [name]
}
