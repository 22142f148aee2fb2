import { inLoginShell } from './login-shell.ts'
import { quote } from './quote.ts'

/** What makes `module` work on a platform, and what is to be loaded. */
export interface ModuleEnvironment {
  /** Shell lines of the platform's profile. */
  preamble: readonly string[]
  /** Entries as an order writes them: `name[/version]` or `use <dir>`. */
  modules: readonly string[]
}

/** The first word of the answer when a module could not be loaded; the words of `module` follow two lines below. */
export const noModules = 'no-modules'

/**
 * A script with its modules loaded, as an argv. `module` is a function that only login shells know, and their greetings
 * must not be taken for the script's output; without modules a plain sh is enough.
 */
export function withModules({ preamble, modules }: ModuleEnvironment, script: string, args: readonly string[]): string[] {
  if (modules.length === 0) return ['sh', '-c', script, 'lautta', ...args]
  return inLoginShell(`${loadScript(preamble, modules)}${script}`, args)
}

function loadScript(preamble: readonly string[], modules: readonly string[]): string {
  // Not in a subshell, where what was loaded would be lost: so the words go through a file.
  return `words=$(mktemp) || exit 1
give_up() { echo "${noModules} - -"; echo; echo "$1: $(cat "$words")"; rm -f "$words"; exit 0; }
${preamble.map((line) => `${line} >/dev/null 2>"$words" || give_up ${quote(line)}`).join('\n')}
command -v module >/dev/null || { echo "this platform has no modules" >"$words"; give_up "module"; }
${modules.map((entry) => `module ${readEntry(entry)} >/dev/null 2>"$words" || give_up ${quote(`module ${entry}`)}`).join('\n')}
rm -f "$words"
`
}

/** `use <dir>` as it is; everything else is loaded, also when the order says so itself, as the seeds do. */
function readEntry(entry: string): string {
  const [, command = 'load', name = ''] = /^(?:(use|load)\s+)?(.*)$/s.exec(entry.trim()) ?? []
  return `${command} ${quote(name)}`
}
