import { UnavailableError } from '@lautta/core/errors'
import { noModules, withModules } from '../module-environment.ts'
import type { RemoteCommand } from '../run-command.ts'
import type { AcceptedJob, Submission, SubmissionAnswer, SubmissionRight, SubmissionTrace } from '../scheduler.ts'
import { isSlurmAway } from './slurm-away.ts'

/*
 * The submit protocol on the login node (ARCHITECTURE.md, "At most one job per attempt"). Making the folder of a try is
 * the right to submit with it: mkdir succeeds once, on every file system of a supercomputer and from every login node.
 * What sbatch answered is kept in the folder before it is told to us, so an answer that is lost on the way is read there.
 *
 * It answers: a line `<kind> <id or -> <sbatch's exit code or -> <0 when all that was asked answered>`, a line of
 * scontrol (or an empty one), then sbatch's own words.
 */
const prelude = `base=$HOME/.lautta/$1
dir=$base/$2
shift 2
tell() { # kind: what the folder knows
  id=$(cat "$dir/id" 2>/dev/null); code=$(cat "$dir/exit-code" 2>/dev/null)
  echo "$1 \${id:--} \${code:--}"
  if [ -n "$id" ]; then scontrol show job --oneliner "$id" 2>/dev/null | head -n 1; else echo; fi
  cat "$dir/stderr" 2>/dev/null
}
adopt() { # a job that an earlier try got, perhaps after we had stopped waiting for it
  for known in "$base"/*/id; do [ ! -s "$known" ] || { dir=\${known%/id}; tell before; exit 0; }; done
}
take() { # the right to submit: 0 taken now, 1 taken before; ends here when the disk takes nothing
  words=$(umask 077; mkdir -p "$base" 2>&1) || { echo "disk-full - -"; echo; echo "$words"; exit 0; }
  words=$(mkdir "$dir" 2>&1) && return 0
  [ -d "$dir" ] || { echo "disk-full - -"; echo; echo "$words"; exit 0; }
  return 1
}
`

const submitScript = `${prelude}
name=$1; bytes=$2; seconds=$3; folder=$4; shift 4
adopt
[ ! -d "$dir" ] || { tell before; exit 0; }
case $folder in "~"|"~/"*) folder=$HOME\${folder#"~"};; esac
cd -- "$folder" 2>/dev/null || { echo "no-directory - -"; echo; echo "$folder: no such directory on this platform"; exit 0; }
# First all of the script: sbatch would take the part before a cut for the whole. It waits without holding the right.
full() { rm -rf "$2"; echo "disk-full - -"; echo; echo "$1"; exit 0; }
words=$(umask 077; mkdir -p "$base" 2>&1) || full "$words" ""
script=$base/script.$$
words=$(umask 077; cat 2>&1 >"$script") || full "$words" "$script"
[ "$(wc -c <"$script")" -eq "$bytes" ] || full "the script did not arrive as a whole" "$script"
take || { rm -f "$script"; tell before; exit 0; }
# Written, and read back, before sbatch is called: whoever looks for the job later needs the very name.
words=$({ echo "$name" >"$dir/name" && : >"$dir/stderr" && mv "$script" "$dir/script"; } 2>&1) || full "$words" "$dir"
[ "$(cat "$dir/name")" = "$name" ] || full "what is written can not be read back" "$dir"
id=$(timeout -k 5 "$seconds" sbatch --parsable --job-name="$name" "$@" <"$dir/script" 2>>"$dir/stderr")
code=$?
# --parsable prints "<job id>" or "<job id>;<cluster>". Should the disk be full now, the id still reaches us.
id=\${id%%;*}
# An option like --test-only in the script makes sbatch succeed without a job, one like --wait makes it fail with one.
[ "$code" != 0 ] || [ -n "$id" ] || { code=1; echo "sbatch made no job of it" >>"$dir/stderr"; }
[ -z "$id" ] || { echo "$id" >"$dir/id.new" && mv "$dir/id.new" "$dir/id"; }
echo "$code" >"$dir/exit-code"
rm -f "$dir/script"
echo "now \${id:--} $code"
if [ -n "$id" ]; then scontrol show job --oneliner "$id" 2>/dev/null | head -n 1; else echo; fi
cat "$dir/stderr"
`

// Before sbatch is killed after it was told to end, and for the shell around it.
const killSeconds = 5
const answerSeconds = 10

/** For how long after a right was taken its sbatch may still be under way. */
export const submitBoundSeconds = (sbatchSeconds: number): number => sbatchSeconds + killSeconds

/** sbatch and scontrol: taken from the budget before the submission begins. */
export const commandsOfSubmission = 2

/** Submits a batch script, at most once for each right. */
export function submitJob(
  submission: Submission,
  preamble: readonly string[],
  sbatchSeconds: number
): RemoteCommand<SubmissionAnswer> {
  const { token, jobName, script, workingDirectory, options, modules } = submission
  const sbatchOptions = Object.entries(options).map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`))
  const bytes = String(Buffer.byteLength(script))
  const args = [token, String(submission.try), jobName, bytes, String(sbatchSeconds), workingDirectory ?? '.', ...sbatchOptions]
  return {
    argv: withModules({ preamble, modules }, submitScript, args),
    stdin: script,
    hasEffect: true,
    timeoutSeconds: submitBoundSeconds(sbatchSeconds) + answerSeconds,
    parse: ({ stdout }) => readAnswer(stdout)
  }
}

const findScript = `${prelude}
adopt
if take; then echo "closed - -"; exit 0; fi
name=$(cat "$dir/name" 2>/dev/null)
# Without a name sbatch was not called yet; that slurmctld answers must be known all the same.
listed=$(squeue --noheader --states=all --me --name="\${name:-$dir}" --format=%F); answered=$?
# An end in the future, because sacct's own ("now") leaves the last seconds out.
recorded=$(sacct --noheader --parsable2 --allocations --name="\${name:-$dir}" --starttime=now-30days --endtime=now+1hour --format=JobIDRaw) || answered=1
id=$(printf '%s\\n' $listed $recorded | sort -n | head -n 1)
code=$(cat "$dir/exit-code" 2>/dev/null)
echo "looked \${id:--} \${code:--} $answered"
if [ -n "$id" ]; then scontrol show job --oneliner "$id" 2>/dev/null | head -n 1; else echo; fi
cat "$dir/stderr" 2>/dev/null
`

/** Looks for a submission whose answer was lost: in its folder, in squeue, in sacct. */
export function findSubmittedJob(right: SubmissionRight): RemoteCommand<SubmissionTrace> {
  return {
    argv: ['sh', '-c', findScript, 'lautta', right.token, String(right.try)],
    // squeue, sacct and scontrol.
    slurmCommands: 3,
    parse({ stdout }) {
      const { kind, id, exitCode, allAnswered, job, words } = readParts(stdout)
      if (kind === 'closed') return { kind: 'closed' }
      if (id !== null) return { kind: 'found', ...job }
      if (kind !== 'looked') throw nonsense(stdout)
      return exitCode !== null && isRefusal(exitCode, words) ? { kind: 'closed' } : { kind: 'no-trace', counts: allAnswered }
    }
  }
}

function readAnswer(stdout: string): SubmissionAnswer {
  const { kind, id, exitCode, job, words } = readParts(stdout)
  if (kind === 'disk-full') return { kind: 'disk-full', reason: words }
  if (kind === 'no-directory' || kind === noModules) return { kind: 'refused', reason: words }
  if (kind !== 'now' && kind !== 'before') throw nonsense(stdout)
  if (id !== null) return { kind: 'accepted', ...job }
  if (exitCode === null || !isRefusal(exitCode, words)) return { kind: 'answer-lost' }
  return { kind: isLimit(words) ? 'limit-reached' : 'refused', reason: withoutPrefix(words) }
}

/** Whether the user, or all users of an account or a quality of service, have as many jobs there as are allowed. */
function isLimit(words: string): boolean {
  return /\b(?:Assoc|QOS)(?:Max|Grp)Submit\w*/.test(words)
}

function nonsense(stdout: string): UnavailableError {
  return new UnavailableError(`the platform answered nonsense: ${stdout.trim() || 'nothing'}`)
}

interface Parts {
  kind: string
  id: string | null
  /** sbatch's own; null when it has not ended, or its answer was not kept. */
  exitCode: string | null
  /** Whether squeue and sacct both answered. */
  allAnswered: boolean
  job: AcceptedJob
  words: string
}

function readParts(stdout: string): Parts {
  const [first = '', scontrol = '', ...words] = stdout.split('\n')
  const [kind = '', id = '-', exitCode = '-', failedLooks = ''] = first.split(' ')
  return {
    kind,
    id: id === '-' ? null : id,
    exitCode: exitCode === '-' ? null : exitCode,
    allAnswered: failedLooks === '0',
    job: { slurmJobId: id, ...readLogPaths(scontrol) },
    words: words.join('\n').trim()
  }
}

/** `StdErr=… StdIn=… StdOut=…` of scontrol's one line; a path may have blanks in it. */
function readLogPaths(scontrol: string): Pick<AcceptedJob, 'outPath' | 'errPath'> {
  const [, errPath, outPath] = / StdErr=(.*) StdIn=.* StdOut=(.*?)(?: [A-Z][A-Za-z]+=.*)?$/.exec(scontrol.trimEnd()) ?? []
  return { outPath: outPath ?? null, errPath: errPath ?? null }
}

/** 255 is sbatch's own for a wrong option. 124 and what is above 128: it was ended by our timeout, or by a signal. */
function isRefusal(exitCode: string, words: string): boolean {
  const code = Number(exitCode)
  const hasEnded = (code > 0 && code < 124) || [126, 127, 255].includes(code)
  // Without words they were lost: sbatch always says why.
  return hasEnded && words !== '' && !isSlurmAway(words)
}

/** sbatch's words without the `sbatch: error: ` in front of each line. */
function withoutPrefix(words: string): string {
  return words.replace(/^sbatch: error: /gm, '')
}
