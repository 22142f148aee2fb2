import { parseArray } from './job/task-set.ts'

/** The `#SBATCH` options of a batch script by long name; an option without a value is true. */
export type Directives = Readonly<Record<string, string | true>>

/** One option of the `#SBATCH` lines as it stands there: by its long name, perhaps abbreviated. Lines count from 1. */
export interface DirectiveOption {
  name: string
  value: string | true
  line: number
}

/** A line that sbatch refuses, or that can't be read here, and why. */
export interface UnreadableLine {
  line: number
  message: string
}

interface Word {
  text: string
  line: number
}

const longNames: Readonly<Record<string, string>> = {
  ...{ A: 'account', a: 'array', B: 'extra-node-info', b: 'begin', C: 'constraint', c: 'cpus-per-task', D: 'chdir' },
  ...{ d: 'dependency', e: 'error', F: 'nodefile', G: 'gpus', H: 'hold', i: 'input', J: 'job-name', k: 'no-kill' },
  ...{ L: 'licenses', M: 'clusters', m: 'distribution', N: 'nodes', n: 'ntasks', O: 'overcommit', o: 'output' },
  ...{ p: 'partition', Q: 'quiet', q: 'qos', S: 'core-spec', s: 'oversubscribe', t: 'time', v: 'verbose', W: 'wait' },
  ...{ w: 'nodelist', x: 'exclude' }
}

/** Reads the directives as sbatch does: from the top, until the first line that is neither blank nor a comment, indented or not. */
export function readDirectives(script: string): Directives {
  return Object.fromEntries(readDirectiveLines(script).options.map(({ name, value }) => [name, value]))
}

/** The same with the line of each, and with what can't be read. */
export function readDirectiveLines(script: string): { options: DirectiveOption[]; unreadable: UnreadableLine[] } {
  const unreadable: UnreadableLine[] = []
  const words = headerLines(script).flatMap((line, at): Word[] => {
    const text = /^#SBATCH(.*)$/.exec(line.replace(/\r$/, ''))?.[1]
    if (text === undefined) return []
    const complain = (message: string) => unreadable.push({ line: at + 1, message })
    if (line.endsWith('\r')) complain('it ends as lines do in DOS (\\r\\n): sbatch takes none of these')
    if (hasOpenQuote(text)) complain('a quotation mark has no second one')
    return splitWords(text).map((word) => ({ text: word, line: at + 1 }))
  })
  const { options, strays } = readOptions(words)
  for (const { text, line } of strays) {
    // Behind an open quotation mark the words are other ones.
    if (!unreadable.some((one) => one.line === line)) unreadable.push({ line, message: complainOfStray(text) })
  }
  return { options, unreadable }
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

/** All words are read as one list: the value of an option may stand in the next line. */
function readOptions(words: readonly Word[]): { options: DirectiveOption[]; strays: Word[] } {
  const options: DirectiveOption[] = []
  const strays: Word[] = []
  for (let at = 0; at < words.length; at++) {
    const { text = '', line = 0 } = words[at] ?? {}
    const long = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(text)
    const short = /^-([A-Za-z])(.*)$/s.exec(text)
    const name = long?.[1] ?? (short?.[1] === undefined ? undefined : longNames[short[1]])
    if (name === undefined) {
      strays.push({ text, line })
      continue
    }
    const attached = long ? long[2] : short?.[2] || undefined
    const next = words[at + 1]?.text
    if (attached !== undefined) options.push({ name, value: attached, line })
    else if (next === undefined || next.startsWith('-')) options.push({ name, value: true, line })
    else options.push({ name, value: words[++at]?.text ?? true, line })
  }
  return { options, strays }
}

function complainOfStray(word: string): string {
  if (word === 'hetjob' || word === 'packjob') return `${word} makes it a job of several parts: only one of them can be read`
  return `${word} is no option: those begin with - or --`
}

/** Words as a shell would split them, up to a comment: single and double quotes, no expansion. */
function splitWords(text: string): string[] {
  const words: readonly string[] = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []
  const comment = words.findIndex((word) => word.startsWith('#'))
  return (comment === -1 ? words : words.slice(0, comment)).map((word) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_match, double?: string, single?: string) => double ?? single ?? '')
  )
}

function hasOpenQuote(text: string): boolean {
  const unquoted = text.replace(/"[^"]*"|'[^']*'/g, '').replace(/(?:^|\s)#.*$/, '')
  return /["']/.test(unquoted)
}
