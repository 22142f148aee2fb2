import { parseArray } from './job/task-set.ts'

/** The `#SBATCH` options of a batch script by long name; an option without a value is true. */
export type Directives = Readonly<Record<string, string | true>>

const longNames: Readonly<Record<string, string>> = {
  A: 'account',
  a: 'array',
  c: 'cpus-per-task',
  D: 'chdir',
  e: 'error',
  J: 'job-name',
  M: 'clusters',
  n: 'ntasks',
  N: 'nodes',
  o: 'output',
  p: 'partition',
  q: 'qos',
  t: 'time'
}

/** Reads the directives as sbatch does: from the top, until the first line that is neither blank nor a comment, indented or not. */
export function readDirectives(script: string): Directives {
  const directives: Record<string, string | true> = {}
  for (const line of headerLines(script)) {
    const words = /^#SBATCH\s+(.*)$/.exec(line)?.[1]
    if (words !== undefined) Object.assign(directives, readOptions(splitWords(words)))
  }
  return directives
}

/** The array that a script asks for, in its own words; null for none, and for words that only sbatch can judge. */
export function readArrayDirective(script: string): string | null {
  // sbatch takes an abbreviation for the whole name; a shorter one is not clear to it.
  const isArray = (name: string) => name.startsWith('ar') && 'array'.startsWith(name)
  const [, text] = Object.entries(readDirectives(script)).findLast(([name]) => isArray(name)) ?? []
  return typeof text === 'string' && parseArray(text) !== null ? text : null
}

/** The script with a line of our own put where its first command would stand, behind the directives. */
export function insertPrologue(script: string, prologue: string): string {
  const lines = script.split('\n')
  lines.splice(headerLines(script).length, 0, prologue)
  return lines.join('\n')
}

/** Whether the script is run by sh or bash, so that it may carry our prologue. */
export function isShellScript(script: string): boolean {
  return /^#!\s*(?:\/usr\/bin\/env\s+(?:-S\s+)?)?(?:\/\S*\/)?(?:ba)?sh(?:\s|$)/.test(script)
}

function headerLines(script: string): string[] {
  const lines = script.split('\n')
  const first = lines.findIndex((line) => line.trim() !== '' && !line.trimStart().startsWith('#'))
  return first === -1 ? lines : lines.slice(0, first)
}

function readOptions(words: readonly string[]): Directives {
  const options: Record<string, string | true> = {}
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word.startsWith('#')) break
    const long = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(word)
    const short = /^-([A-Za-z])(.*)$/s.exec(word)
    const name = long?.[1] ?? (short?.[1] === undefined ? undefined : longNames[short[1]])
    if (name === undefined) continue
    const attached = long ? long[2] : short?.[2] || undefined
    const next = words[at + 1]
    if (attached !== undefined) options[name] = attached
    else if (next === undefined || next.startsWith('-')) options[name] = true
    else options[name] = words[++at] ?? true
  }
  return options
}

/** Words as a shell would split them: single and double quotes, no expansion. */
function splitWords(text: string): string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []
  return words.map((word) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_match, double?: string, single?: string) => double ?? single ?? '')
  )
}
