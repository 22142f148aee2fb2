import { randomUUID } from 'node:crypto'
import { UnavailableError } from '@lautta/core/errors'
import { readLoadFailure, withModules } from '../module-environment.ts'
import type { RemoteCommand } from '../run-command.ts'
import type { Submission, SubmissionAnswer } from '../scheduler.ts'
import { readLogPaths } from './describe-job.ts'
import { writeVariables } from './job-variables.ts'
import { judgeFailure } from './judge-failure.ts'
import { unsetVariables } from './own-cluster.ts'
import { sbatchOptions } from './sbatch-options.ts'
import { tryFolder } from './try-folder.ts'

/*
 * One exec on the login node. What sbatch answered is kept in the try's folder before it is told to us, so an answer that
 * is lost on the way is read there. It tells: a line `<kind> <id or -> <sbatch's exit code or ->`, a line of scontrol (or
 * an empty one), then sbatch's own words.
 */
const submitScript = `${tryFolder}
${unsetVariables}
at "$1" "$2"; name=$3; bytes=$4; seconds=$5; script=$base/script.$6; folder=$7; variables=$8; shift 8
tell() { # kind, id, sbatch's exit code
  echo "$1 \${2:--} \${3:--}"
  shown=; [ -z "$2" ] || shown=$(scontrol show job --oneliner "$2" 2>/dev/null)
  printf '%s\\n' "\${shown%%"$newline"*}"
  [ ! -s "$dir/stderr" ] || cat "$dir/stderr"
  exit 0
}
tell_before() { known; ids=\${ids# }; line "$dir/exit-code"; tell before "\${ids%% *}" "$got"; }
known
[ -z "$ids" ] && [ ! -d "$dir" ] || tell_before
nothing() { # kind, words: nothing was begun
  echo "$1 - -"; echo; printf '%s\\n' "$2"; exit 0
}
case $folder in "~"|"~/"*) folder=$HOME\${folder#"~"};; esac
cd -- "$folder" 2>/dev/null || nothing no-directory "$folder: no such directory on this platform"
command -v sbatch >/dev/null || nothing no-sbatch "there is no sbatch on the login node of this platform"
# First all of the script: sbatch would take the part before a cut for the whole. It waits without holding the right.
full() { rm -rf "$script"* "$2"; nothing disk-full "$1"; }
arrive() { { [ "$variables" = 0 ] || head -c "$variables" >"$script.environment"; } && cat >"$script"; }
words=$(exec 2>&1; umask 077; mkdir -p "$base" && arrive) || full "$words" ""
[ "$(wc -c <"$script")" -eq "$bytes" ] || full "the script did not arrive as a whole" ""
words=$(mkdir "$dir" 2>&1) || { [ -d "$dir" ] || full "$words" ""; rm -f "$script"*; tell_before; }
# Written, and read back, before sbatch is called: whoever looks for the job later needs the very name.
keep() { [ "$variables" = 0 ] || mv "$script.environment" "$base/environment"; }
words=$(exec 2>&1; keep && echo "$name" >"$dir/name" && : >"$dir/stderr") || full "$words" "$dir"
line "$dir/name"; [ "$got" = "$name" ] || full "what is written can not be read back" "$dir"
submit() { # with the variables for all kinds of scripts; those for a shell read them again, whatever --export lets through
  # Put together before: a variable of the job may have the name of one of ours.
  set -- timeout -k 5 "$seconds" sbatch --parsable --job-name="$name" "$@"
  [ "$variables" = 0 ] || . "$base/environment"
  exec "$@"
}
printed=$(submit "$@" <"$script" 2>>"$dir/stderr")
code=$?
# --parsable prints "<job id>" or "<job id>;<cluster>"; a site's own sbatch may print more around it.
id=; rest=$printed$newline
while [ -n "$rest" ]; do one=\${rest%%[;"$newline"]*}; rest=\${rest#*"$newline"}; ! is_id "$one" || id=$one; done
# An option like --test-only in the script makes sbatch succeed without a job, one like --wait makes it fail with one.
[ "$code" != 0 ] || [ -n "$printed" ] || { code=1; echo "sbatch made no job of it" >>"$dir/stderr"; }
# Should the disk be full now, the id still reaches us.
{ [ -z "$id" ] || echo "$id" >"$dir/id"; echo "$code" >"$dir/exit-code"; } 2>/dev/null
rm -f "$script"
tell now "$id" "$code"
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
  const { token, jobName, script, workingDirectory, modules } = submission
  const bytes = String(Buffer.byteLength(script))
  const variables = writeVariables(submission)
  const place = [randomUUID(), workingDirectory ?? '.', String(Buffer.byteLength(variables))]
  const args = [token, String(submission.try), jobName, bytes, String(sbatchSeconds), ...place, ...sbatchOptions(submission)]
  return {
    argv: withModules({ preamble, modules }, submitScript, args),
    // Neither is in the arguments of a process, which everybody on the login node can read.
    stdin: variables + script,
    hasEffect: true,
    timeoutSeconds: submitBoundSeconds(sbatchSeconds) + answerSeconds,
    parse: ({ stdout }) => readAnswer(stdout, submission)
  }
}

function readAnswer(stdout: string, submission: Submission): SubmissionAnswer {
  readLoadFailure(stdout)
  const [first = '', scontrol = '', ...rest] = stdout.split('\n')
  const [kind = '', id = '-', exitCode = '-'] = first.split(' ')
  const words = rest.join('\n').trim()
  if (kind === 'disk-full') return { kind, reason: words }
  if (kind === 'no-directory') return { kind: 'refused', reason: words }
  if (kind === 'no-sbatch') throw new UnavailableError(words)
  if (kind !== 'now' && kind !== 'before')
    throw new UnavailableError(`the platform answered nonsense: ${stdout.trim() || 'nothing'}`)
  if (id !== '-') return { kind: 'accepted', slurmJobId: id, ...readLogPaths(scontrol, submission) }
  const failure = judgeFailure(exitCode, words)
  if (failure?.kind !== 'unavailable') return failure ?? { kind: 'answer-lost' }
  // Once more with the same right tells the same for ever: a look will close it, so that the next try has its own.
  if (kind === 'before') return { kind: 'answer-lost' }
  throw new UnavailableError(failure.reason)
}
