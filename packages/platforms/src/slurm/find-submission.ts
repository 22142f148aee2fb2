import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import type { SubmissionRight } from '../scheduler.ts'
import { judgeFailure } from './judge-failure.ts'
import { onOwnCluster } from './own-cluster.ts'
import { startOfWindow } from './sacct.ts'
import { tryFolder } from './try-folder.ts'

/** What stands in the folder of a right, and what SLURM lists by the name in it. */
export type SubmissionFinding =
  /** Jobs of the token, by id; the first is the one that does the work. */
  | { kind: 'jobs'; slurmJobIds: readonly [string, ...string[]] }
  /** Nothing was submitted and nothing can be any more: the right is ours now, or sbatch has failed with it. */
  | { kind: 'closed' }
  /** The right was taken before. */
  | { kind: 'taken'; hasAnswered: boolean; counts: boolean }

/*
 * For each right a line `right known <ids>`, `right closed`, `right full` or `right taken <sbatch's exit code or ->`, a
 * line `ran job-<id>` when a job has begun, and sbatch's words, each line behind a bar.
 */
const readRights = `${tryFolder}
make() { # the try's folder: 0 made now, 1 made before, 2 when the disk takes nothing
  (umask 077; mkdir -p "$base") 2>/dev/null || return 2
  mkdir "$dir" 2>/dev/null && return 0
  [ -d "$dir" ] && return 1 || return 2
}
names=
while [ $# -gt 0 ]; do
  at "$1" "$2"; token=$1; shift 2
  known
  if [ -n "$ids" ]; then echo "right known$ids"
  else
    make
    case $? in
      0) echo "right closed"; continue;;
      2) echo "right full"; continue;;
    esac
    line "$dir/exit-code"; echo "right taken \${got:--}"
    # Without a name sbatch was not called yet; that slurmctld answers must be known all the same.
    line "$dir/name"; names=$names,\${got:-$token}
    [ ! -s "$dir/stderr" ] || { sed 's/^/|/' "$dir/stderr"; echo; }
  fi
  [ ! -h "$base/ran" ] || echo "ran $(readlink "$base/ran")"
done
`

// An end in the future, because sacct's own ("now") leaves the last seconds out. slurmdbd may hang for minutes.
const searchScript = `since=$1; shift
${readRights}
[ -n "$names" ] || exit 0
echo listed
timeout -k 2 15 squeue --noheader --states=all --me --name="\${names#,}" --format='%i|%j' &&
  timeout -k 2 15 sacct --noheader --parsable2 --allocations --name="\${names#,}" --starttime="$since" --endtime=now+1hour \\
    --format=JobID,JobName && echo answered
`

const mostSeconds = 45

/** Reads the folder of a right, and takes the right when nobody had; SLURM is not asked. */
export function readRight(right: SubmissionRight): RemoteCommand<SubmissionFinding> {
  return {
    argv: ['sh', '-c', readRights, 'lautta', ...wordsOf(right)],
    parse({ stdout }) {
      const [finding] = readFindings([right], stdout)
      if (finding === undefined) throw nonsense(stdout)
      return finding
    }
  }
}

/** Looks for submissions whose answers were lost: in their folders, then in squeue and sacct, one of each for all of them. */
export function findSubmissions(rights: readonly SubmissionRight[], since: Date): RemoteCommand<readonly SubmissionFinding[]> {
  return {
    argv: [...onOwnCluster, 'sh', '-c', searchScript, 'lautta', startOfWindow(since), ...rights.flatMap(wordsOf)],
    slurmCommands: 2,
    timeoutSeconds: mostSeconds,
    parse({ stdout }) {
      const findings = readFindings(rights, stdout)
      if (findings.length < rights.length) throw nonsense(stdout)
      return findings
    }
  }
}

const wordsOf = ({ token, try: number }: SubmissionRight): string[] => [token, String(number)]

function nonsense(stdout: string): UnavailableError {
  return new UnavailableError(`the platform answered nonsense: ${stdout.trim() || 'nothing'}`)
}

function readFindings(rights: readonly SubmissionRight[], stdout: string): SubmissionFinding[] {
  const [folders = '', listing = null] = stdout.split(/^listed$/m)
  const lines = (listing ?? '').split('\n')
  const jobs = lines.flatMap((line) => {
    // Tasks of an array and parts of a heterogeneous job are one job, by its base id.
    const [, id, name] = /^(\d+)[^|]*\|(.*)$/.exec(line) ?? []
    return id === undefined || name === undefined ? [] : [{ id, name }]
  })
  const blocks = folders.split(/^right /m).slice(1)
  return blocks.flatMap((block, at) => {
    const right = rights[at]
    if (right === undefined) return []
    const listed = jobs.filter(({ name }) => name.endsWith(`.${right.token}`)).map(({ id }) => id)
    return [readFinding(block, listed, { isSearched: listing !== null, counts: lines.includes('answered') })]
  })
}

function readFinding(
  block: string,
  listed: readonly string[],
  { isSearched, counts }: { isSearched: boolean; counts: boolean }
): SubmissionFinding {
  const lines = block.split('\n')
  const [kind = '', ...ids] = lines[0]?.split(' ') ?? []
  if (kind === 'closed') return { kind }
  const ran = lines.map((line) => /^ran job-(\d+)$/.exec(line)?.[1]).find((id) => id !== undefined)
  const [first, ...others] = sortJobs(kind === 'known' ? ids : listed, ran)
  if (first !== undefined) return { kind: 'jobs', slurmJobIds: [first, ...others] }
  const exitCode = kind === 'taken' && ids[0] !== '-' ? (ids[0] ?? null) : null
  const words = lines.flatMap((line) => (line.startsWith('|') ? [line.slice(1)] : [])).join('\n')
  // That sbatch failed is its own word: only when SLURM knows no job either, there is none.
  if (isSearched && judgeFailure(exitCode, words.trim()) !== null) return { kind: 'closed' }
  return { kind: 'taken', hasAnswered: exitCode !== null, counts: kind === 'taken' && counts }
}

/** Each id once: first that of the job which our line in the script let run, then the oldest. */
function sortJobs(ids: readonly string[], ran: string | undefined): string[] {
  return [...new Set(ids)].sort((one, other) => Number(other === ran) - Number(one === ran) || Number(one) - Number(other))
}
