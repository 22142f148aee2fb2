import { RefusedError, UnavailableError } from '@lautta/core/errors'
import { quote } from '@lautta/core/quote'
import { inLoginShell } from './login-shell.ts'

/** What makes `module` work on a platform, and what is to be loaded. */
export interface ModuleEnvironment {
  /** Shell lines of the platform's profile. */
  preamble: readonly string[]
  /** Entries as an order writes them: `name[/version]` or `use <dir>`. */
  modules: readonly string[]
}

// The first words of the answer when something could not be loaded; what failed follows two lines below.
const noPreamble = 'no-preamble'
const noModules = 'no-modules'

// Lmod tells at length what else may be the matter.
const longestWords = 1000

/**
 * A script with its modules loaded, as an argv. `module` is a function that only login shells know, and their greetings
 * must not be taken for the script's output; without modules a plain sh is enough.
 */
export function withModules({ preamble, modules }: ModuleEnvironment, script: string, args: readonly string[]): string[] {
  if (modules.length === 0) return ['sh', '-c', script, 'lautta', ...args]
  return inLoginShell(`${loadScript(preamble, modules)}${script}`, args)
}

/**
 * Reads whether the modules of such a script were loaded: throws RefusedError in the platform's words for an entry that
 * was not, and UnavailableError when the platform's own preamble failed.
 */
export function readLoadFailure(stdout: string): void {
  const [first = '', , ...rest] = stdout.split('\n')
  const words = shorten(rest.join('\n').trim())
  if (first.startsWith(noPreamble)) throw new UnavailableError(`the preamble of this platform failed: ${words}`)
  if (first.startsWith(noModules)) {
    throw new RefusedError(words, { hint: '`module spider <name>` on the platform lists the versions and what they need' })
  }
}

function shorten(words: string): string {
  return words.length > longestWords ? `${words.slice(0, longestWords)} …` : words
}

function loadScript(preamble: readonly string[], modules: readonly string[]): string {
  // Not in a subshell, where what was loaded would be lost: so the words go through a file. 75 is sysexits' word for what
  // may go better later.
  return `words=$(mktemp) || exit 75
give_up() { echo "$1 - -"; echo; echo "$2: $(cat "$words")"; rm -f "$words"; exit 0; }
${preamble.map((line) => `{ ${line}\n} >/dev/null 2>"$words" || give_up ${noPreamble} ${quote(line)}`).join('\n')}
command -v module >/dev/null || { echo "this platform has no modules" >"$words"; give_up ${noModules} "module"; }
${modules.map((entry) => `module ${moduleCommand(entry)} >/dev/null 2>"$words" || give_up ${noModules} ${quote(`module ${entry}`)}`).join('\n')}
rm -f "$words"
`
}

/** The words after `module` for an entry: `use <dir>` as it is; everything else is loaded, also when the order says so itself. */
export function moduleCommand(entry: string): string {
  const [, command = 'load', name = ''] = /^(?:(use|load)\s+)?(.*)$/s.exec(entry.trim()) ?? []
  // No shell fills in a ~ that is quoted.
  const inHome = command === 'use' && name.startsWith('~/')
  return `${command} ${inHome ? `"$HOME"/${quote(name.slice(2))}` : quote(name)}`
}
