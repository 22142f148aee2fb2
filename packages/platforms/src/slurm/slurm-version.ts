import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'

/** SLURM's version as a number: `slurm-wlm 22.05.8` is 22.05. */
export const slurmVersion: RemoteCommand<number> = {
  argv: ['sacct', '--version'],
  parse({ stdout, stderr }) {
    const version = /(\d+\.\d+)/.exec(stdout)?.[1]
    if (version === undefined) throw new UnavailableError(`SLURM does not tell its version: ${(stderr || stdout).trim()}`)
    return Number(version)
  }
}
