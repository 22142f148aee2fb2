const hints: readonly [RegExp, string][] = [
  [/AssocMaxSubmitJobLimit|Invalid account/i, 'is --account the project that is to be billed, and are you its member?'],
  [/invalid partition/i, '`GET /v1/platforms/<name>/partitions` lists those of a platform'],
  [
    /Invalid job array specification/i,
    'SLURM there takes no such tasks: `scontrol show config` tells MaxArraySize, which is above them all'
  ],
  [/time limit/i, "--time is above the partition's limit"],
  [
    /node configuration is not available|More processors requested|Memory specification/i,
    'the partition has no node with that many cores or that much memory'
  ],
  [/does not look like a batch script/i, 'begin the script with #!/bin/bash']
]

/** SLURM's words, and what they mean for the user, if nobody knows it better. */
export function withHint(reason: string, explanation?: string): string {
  const hint = explanation ?? hintFor(reason)
  return hint === undefined ? reason : `${reason} (${hint})`
}

/** What a user can do about a refusal of sbatch. */
export function hintFor(reason: string): string | undefined {
  return hints.find(([words]) => words.test(reason))?.[1]
}
