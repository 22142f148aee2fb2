import { insertPrologue, isShellScript } from '@lautta/core/batch-script'

/**
 * The belt beside the submit protocol: a line in front of a shell script, by which the first job of a token that runs
 * leaves its id in `~/.lautta/<token>/ran`, and any other job ends at once. A requeued job has the same id and goes on,
 * and so does every task of an array. Making a link is one step and fails when there is one; that it leads nowhere
 * does not matter. Where the link can't be made, the job runs: the protocol itself does not need it.
 */
export function guardScript(script: string, token: string): string {
  if (!isShellScript(script)) return script
  const link = `"$HOME/.lautta/${token}/ran"`
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's, not ours
  const mine = '"job-${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}"'
  const isOther = `lautta_ran=$(readlink ${link}) && [ "$lautta_ran" != ${mine} ]`
  const giveWay = `{ echo "lautta: $lautta_ran has this work already, this duplicate ends" >&2; exit 0; }`
  return insertPrologue(script, `ln -s ${mine} ${link} 2>/dev/null || { ${isOther} && ${giveWay}; } || :`)
}
