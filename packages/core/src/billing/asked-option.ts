import { readDirectiveLines, type UnreadableLine } from '../batch-script.ts'
import type { Complaint } from '../orchestration/complaints.ts'
import { optionsMeantBy } from '../sbatch-options.ts'

/** An option of sbatch that a job is submitted with, and where it stands. */
export interface AskedOption {
  value: string | number | true
  /** Of the request's body. */
  path: string
  /** Of the script; null for an option beside it. */
  line: number | null
}

/** What sbatch would be given: a script's text, and options over its directives. */
export interface AskedSubmission {
  script: string
  options: Readonly<Record<string, string | number | true>>
  array?: string | null
}

/** The options of a submission by their whole names, what sbatch would refuse of them, and what is not known here. */
export interface AskedOptions {
  options: ReadonlyMap<string, AskedOption>
  complaints: Complaint[]
  unknown: string[]
}

const otherNames: Readonly<Record<string, string>> = { 'tasks-per-node': 'ntasks-per-node', share: 'oversubscribe' }

// What goes wrong so often goes wrong in one way.
const mostTold = 100

/** Reads which options a submission has: the last of the directives counts, and over them what stands beside the script. */
export function readAskedOptions({ script, options, array = null }: AskedSubmission): AskedOptions {
  const { options: directives, unreadable, foreign } = readDirectiveLines(script)
  const inScript = ({ line, message }: UnreadableLine) => ({ path: 'script', message: `line ${line}: ${message}` })
  const complaints = unreadable.map(inScript)
  const unknown: string[] = []
  const found = new Map<string, AskedOption>()
  const take = (name: string, option: AskedOption): void => {
    const [whole, ...others] = optionsMeantBy(name)
    if (whole === undefined) unknown.push(`${placeOf(option)}--${name} is not known here, and counts for nothing`)
    else if (others.length === 0) found.set(otherNames[whole] ?? whole, option)
    else complaints.push({ path: option.path, message: `${placeOf(option)}--${name} may be ${[whole, ...others].join(' or ')}` })
  }
  for (const { name, value, line } of directives) take(name, { value, path: 'script', line })
  for (const [name, value] of Object.entries(options)) take(name, { value, path: `options.${name}`, line: null })
  if (array !== null) found.set('array', { value: array, path: 'array', line: null })
  if (!found.has('ignore-pbs')) complaints.push(...foreign.map(inScript))
  return { options: found, complaints: complaints.slice(0, mostTold), unknown: unknown.slice(0, mostTold) }
}

/** Where an option stands, as the beginning of a sentence about it. */
export function placeOf({ line }: AskedOption): string {
  return line === null ? '' : `line ${line}: `
}
