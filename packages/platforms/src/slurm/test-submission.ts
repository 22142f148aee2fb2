import { UnavailableError } from '@lautta/core/errors'
import { readLoadFailure, withModules } from '../module-environment.ts'
import type { RemoteCommand } from '../run-command.ts'
import type { Submission, TestedSubmission } from '../scheduler.ts'
import { judgeFailure } from './judge-failure.ts'
import { unsetVariables } from './own-cluster.ts'
import { sbatchOptions } from './sbatch-options.ts'
import { isSlurmAway } from './slurm-away.ts'

/*
 * As in a submission, with the same place, modules and options; nothing is written, and nobody needs a right. It answers a
 * line `<kind> <sbatch's exit code or ->`, an empty one, then sbatch's own words.
 */
const testScript = `${unsetVariables}
name=$1; seconds=$2; folder=$3; shift 3
case $folder in "~"|"~/"*) folder=$HOME\${folder#"~"};; esac
cd -- "$folder" 2>/dev/null || { echo "no-directory -"; echo; echo "$folder: no such directory on this platform"; exit 0; }
# In the first place: in the last one, an option before it that lacks its value would take it, and the job would be real.
words=$(timeout -k 5 "$seconds" sbatch --test-only --job-name="$name" "$@" 2>&1)
echo "tested $?"; echo; echo "$words"
`

// For the shell around sbatch, and for its end when it does not answer.
const answerSeconds = 15

/** Asks sbatch whether it would take a job. */
export function testSubmission(
  submission: Submission,
  preamble: readonly string[],
  sbatchSeconds: number
): RemoteCommand<TestedSubmission> {
  const { jobName, script, workingDirectory, modules } = submission
  return {
    argv: withModules({ preamble, modules }, testScript, [
      jobName,
      String(sbatchSeconds),
      workingDirectory ?? '.',
      ...sbatchOptions(submission)
    ]),
    stdin: script,
    timeoutSeconds: sbatchSeconds + answerSeconds,
    parse({ stdout }) {
      readLoadFailure(stdout)
      const [first = '', , ...rest] = stdout.split('\n')
      const [kind = '', exitCode = '-'] = first.split(' ')
      const words = rest.join('\n').trim()
      const isRead = ['no-directory', 'tested'].includes(kind)
      if (!isRead) throw new UnavailableError(`the platform answered nonsense: ${stdout.trim() || 'nothing'}`)
      if (kind !== 'tested') return { isAccepted: false, isLimitReached: false, words }
      if (exitCode === '124' || exitCode === '137') throw new UnavailableError(`sbatch did not answer in ${sbatchSeconds} s`)
      const failure = exitCode === '0' ? null : judgeFailure(exitCode, words)
      const isAway = exitCode !== '0' && (isSlurmAway(words) || failure?.kind === 'unavailable')
      if (isAway) throw new UnavailableError(words)
      const isLimitReached = failure?.kind === 'limit-reached'
      return { isAccepted: exitCode === '0', isLimitReached, words: words.replace(/^sbatch: (?:error: )?/gm, '') }
    }
  }
}
