import type { BillingFormula } from '@lautta/core/billing/billing-formula'
import type { Partition } from '@lautta/core/platform/partition'
import type { Retirement } from '@lautta/core/platform/retirement'

/** What a platform is like: read somewhere, or found out. */
export interface PlatformFacts {
  /** Login nodes, in the sequence in which they are tried. */
  hosts: readonly { host: string; port: number }[]
  /** Lines like `ssh-ed25519 AAAA…`, or fingerprints like `SHA256:…`. */
  hostKeys: readonly string[]
  /** Of its login and compute nodes, as `uname -m` has it; null is not known. */
  architecture: string | null
  timeZone: string | null
  /** Shell lines that make `module` work, or know more modules. */
  preamble: readonly string[]
  /** Prints the user's disk areas and their quotas; null where there is no such command. */
  workspacesCommand: string | null
  /** Prints what projects have used of what they were given; null where there is no such command. */
  allocationsCommand: string | null
  /** What the platform itself says of its partitions at run time wins. */
  partitions: readonly Partition[]
  billing: readonly BillingFormula[]
  /** Where connections of its jobs come from, for the firewalls of others. */
  firewallRanges: readonly string[]
  /** Whether a service that runs there may answer nobody but its owner. */
  ownerOnlyServices: boolean
  /** Whether a person's private key may not lie on the platform. */
  refusesPrivateKeys: boolean
  /** Null: it is in use. */
  retired: Retirement | null
}

/** What is known of a platform before anybody configures it: data, never code. */
export interface Profile extends PlatformFacts {
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
}

/** Where a fact was read, and in which month it was taken down. */
export interface Source {
  where: string
  readAt: string
}

/** A profile that comes with Lautta: of each fact it says where it is from. */
export interface ShippedProfile extends Profile {
  sources: Readonly<Record<keyof PlatformFacts, Source>>
}
