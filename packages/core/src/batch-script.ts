import { blanks, splitWords, type Word } from './directive-words.ts'
import { parseArray } from './job/task-set.ts'
import { hasValue, longNames } from './sbatch-options.ts'

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

/** Reads the directives as sbatch does: from the top, until the first line that is neither blank nor a comment, indented or not. */
export function readDirectives(script: string): Directives {
  return Object.fromEntries(readDirectiveLines(script).options.map(({ name, value }) => [name, value]))
}

/** What a script's directives are, and what can't be read of them. */
export interface DirectiveLines {
  options: DirectiveOption[]
  unreadable: UnreadableLine[]
  /** Directives of other systems (`#PBS`, `#BSUB`), which sbatch reads too, unless it is told --ignore-pbs. */
  foreign: UnreadableLine[]
}

/** The same with the line of each, and with what can't be read. */
export function readDirectiveLines(script: string): DirectiveLines {
  const unreadable: UnreadableLine[] = []
  const header = headerLines(script)
  const words = header.flatMap((line, at): Word[] => {
    if (!line.startsWith('#SBATCH')) return []
    const complain = (message: string) => unreadable.push({ line: at + 1, message })
    const { words: found, isOpen } = splitWords(line.slice('#SBATCH'.length))
    if (line.endsWith('\r')) complain('it ends as lines do in DOS (\\r\\n): sbatch takes none of these')
    if (isOpen) complain('a quotation mark has no second one')
    return found.map((text) => ({ text, line: at + 1 }))
  })
  const { options, strays } = readOptions(words)
  const told = new Set(unreadable.map(({ line }) => line))
  for (const { text, line } of strays) {
    // Behind an open quotation mark, as behind another stray, the words are other ones.
    if (!told.has(line)) unreadable.push({ line, message: complainOfStray(text) })
    told.add(line)
  }
  const foreign = header.flatMap((line, at) => {
    const [kind] = /^#(?:PBS|BSUB)\b/.exec(line) ?? []
    if (kind === undefined) return []
    const message = `sbatch reads ${kind} lines too, which can't be read here: write #SBATCH, or ask for --ignore-pbs`
    return [{ line: at + 1, message }]
  })
  return { options, unreadable, foreign }
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
  const first = lines.findIndex((line) => command.test(line))
  return first === -1 ? lines : lines.slice(0, first)
}

const command = new RegExp(`^[${blanks}]*[^#${blanks}]`)

/** All words are read as one list: the value of an option may stand in the next line. */
function readOptions(words: readonly Word[]): { options: DirectiveOption[]; strays: Word[] } {
  const options: DirectiveOption[] = []
  const strays: Word[] = []
  const left = words.flatMap(splitLetters).reverse()
  for (let word = left.pop(); word !== undefined; word = left.pop()) {
    const { text, line } = word
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(text)
    const short = /^-([A-Za-z])(.*)$/s.exec(text)
    const name = long?.[1] ?? (short?.[1] === undefined ? undefined : longNames[short[1]])
    if (name === undefined) {
      strays.push(word)
      continue
    }
    const kind = hasValue(name)
    const attached = long ? long[2] : short?.[2] || undefined
    const isNextItsValue = kind === 'always' || (kind === null && left.at(-1)?.text.startsWith('-') === false)
    options.push({ name, value: attached ?? ((isNextItsValue && left.pop()?.text) || true), line })
  }
  return { options, strays }
}

/** Letters of options without a value may stand together: `-Hc4` is `-H -c4`. */
function splitLetters(word: Word): Word[] {
  const { text, line } = word
  if (!/^-[A-Za-z]./s.test(text)) return [word]
  const first = [...text].findIndex((letter, at) => at > 0 && hasValue(longNames[letter] ?? letter) !== 'never')
  const letters = text.slice(1, first === -1 ? undefined : first)
  const rest = first === -1 ? [] : [`-${text.slice(first)}`]
  return [...[...letters].map((letter) => `-${letter}`), ...rest].map((one) => ({ text: one, line }))
}

function complainOfStray(word: string): string {
  if (word === 'hetjob' || word === 'packjob') return `${word} makes it a job of several parts: only one of them can be read`
  return `${word} is no option: those begin with - or --`
}
