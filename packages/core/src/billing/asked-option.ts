import { readDirectiveLines } from '../batch-script.ts'
import type { Complaint } from '../orchestration/complaints.ts'

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

// Those of sbatch 22.05 to 24.11, so that abbreviations can be told apart.
const names = `account acctg-freq array batch bb bbf begin chdir cluster-constraint clusters comment constraint container
container-id contiguous core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency
distribution error exclude exclusive export export-file extra extra-node-info get-user-env gid gpu-bind gpu-freq gpus
gpus-per-node gpus-per-socket gpus-per-task gres gres-flags help hint hold ignore-pbs input job-name kill-on-invalid-dep
licenses mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus network nice no-kill no-requeue nodefile
nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket oom-kill-step open-mode output overcommit
oversubscribe parsable partition power prefer priority profile propagate qos quiet reboot requeue reservation segment share
signal sockets-per-node spread-job stepmgr switches tasks-per-node test-only thread-spec threads-per-core time time-min tmp
tres-bind tres-per-task uid usage use-min-nodes verbose version wait wait-all-nodes wckey wrap`.split(/\s+/)

const otherNames: Readonly<Record<string, string>> = { 'tasks-per-node': 'ntasks-per-node', share: 'oversubscribe' }

/** Reads which options a submission has: the last of the directives counts, and over them what stands beside the script. */
export function readAskedOptions({ script, options, array = null }: AskedSubmission): AskedOptions {
  const { options: directives, unreadable } = readDirectiveLines(script)
  const complaints = unreadable.map(({ line, message }) => ({ path: 'script', message: `line ${line}: ${message}` }))
  const unknown: string[] = []
  const found = new Map<string, AskedOption>()
  const take = (name: string, option: AskedOption): void => {
    const whole = wholeName(name)
    if (typeof whole === 'string') found.set(otherNames[whole] ?? whole, option)
    else if (whole.length === 0) unknown.push(`${placeOf(option)}--${name} is not known here, and counts for nothing`)
    else complaints.push({ path: option.path, message: `${placeOf(option)}--${name} may be ${whole.join(' or ')}` })
  }
  for (const { name, value, line } of directives) take(name, { value, path: 'script', line })
  for (const [name, value] of Object.entries(options)) take(name, { value, path: `options.${name}`, line: null })
  if (array !== null) found.set('array', { value: array, path: 'array', line: null })
  return { options: found, complaints, unknown }
}

/** Where an option stands, as the beginning of a sentence about it. */
export function placeOf({ line }: AskedOption): string {
  return line === null ? '' : `line ${line}: `
}

/** sbatch takes an abbreviation for the whole name, when it can mean one only; else those that it could mean. */
function wholeName(name: string): string | string[] {
  if (names.includes(name)) return name
  const meant = names.filter((one) => one.startsWith(name))
  return meant.length === 1 ? (meant[0] ?? name) : meant
}
