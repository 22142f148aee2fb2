import { isSlurmAway } from './slurm-away.ts'

/** What it means that sbatch failed without a job: of all three, nothing was submitted. */
type Failure =
  | { kind: 'refused'; reason: string }
  | { kind: 'limit-reached'; reason: string }
  /** The site's own trouble, which is no fault of the order. */
  | { kind: 'unavailable'; reason: string }

/** Reads sbatch's exit code and words; null when they leave open whether there is a job. */
export function judgeFailure(exitCode: string | null, words: string): Failure | null {
  const code = Number(exitCode ?? 0)
  // SLURM's words without the program's name in front of each line.
  const reason = words.replace(/^sbatch: (?:error: |fatal: )?/gm, '')
  if ([126, 127].includes(code) && neverRan.test(words)) return { kind: 'unavailable', reason }
  // 255 is sbatch's own for a wrong option. 124 and what is above: it was ended by our timeout, or by a signal.
  const hasEnded = (code > 0 && code < 124) || code === 255
  // Without words they were lost: sbatch always says why.
  if (!hasEnded || words === '' || isSlurmAway(words)) return null
  if (isLimit(words)) return { kind: 'limit-reached', reason }
  return { kind: siteTrouble.test(words) ? 'unavailable' : 'refused', reason }
}

/** Whether the user, or all users of an account or a quality of service, have as many jobs there as are allowed. */
function isLimit(words: string): boolean {
  return /\b(?:Assoc|QOS)(?:Max|Grp)Submit\w*/.test(words)
}

// What `timeout` and the loader say of a program that did not begin. A wrapper that ends so may have called sbatch before.
const neverRan = /^timeout: failed to run command|: error while loading shared libraries: /m

// Of the words that SLURM's library has for its errors, those of slurmctld, or of how it is set up.
const siteTrouble = new RegExp(
  [
    'I/O error writing script/environment to file',
    'Unable to create job record, try again',
    'standby mode',
    'Rate limit exceeded',
    'Incompatible versions of client and server code',
    "Can't find an address, check slurm.conf",
    'Slurm internal error, contact system administrator',
    'Required plugin type not loaded or initialized',
    'Unable to resolve (?:group|user) ID',
    'Database connection reference is invalid'
  ].join('|')
)
