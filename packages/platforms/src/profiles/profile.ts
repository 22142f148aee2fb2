/** What is known of a platform before anybody configures it: data, never code. */
export interface Profile {
  /** Login nodes, in the sequence in which they are tried. */
  hosts: readonly { host: string; port: number }[]
  /** Lines like `ssh-ed25519 AAAA…`, or fingerprints like `SHA256:…`. */
  hostKeys: readonly string[]
  /** Between two listings of a user's jobs. */
  pollSeconds: number
  /** Sessions at once on one connection; stock sshd refuses from 6 to 8 on. */
  maxChannels: number
  /** SLURM commands at most, after a burst of ten times as many; null is no limit. */
  commandsPerSecond: number | null
  /** The longest that one sbatch may take. */
  sbatchSeconds: number
  /** SLURM's own bound for an answer of slurmctld (MessageTimeout): what is not there after it will not come. */
  settleSeconds: number
  /** Shell lines that make `module` work, or know more modules. */
  preamble: readonly string[]
  /** Prints the user's disk areas and their quotas; null where there is no such command. */
  workspacesCommand: string | null
  /** Whether a person's private key may not lie on the platform. */
  refusesPrivateKeys: boolean
}
