import { RefusedError, UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'

/** That a user may bill an account, with the limits that hold there; null is no limit of its own. */
export interface Association {
  account: string
  /** Null: all of them. */
  partition: string | null
  mostSubmitted: number | null
  mostRunning: number | null
}

// A database may know more clusters than this one.
const script = `cluster=$(scontrol show config | sed -n 's/^ClusterName *= *//p')
exec sacctmgr --noheader --parsable2 show assoc user="$(id -un)" \${cluster:+cluster="$cluster"} format=Account,Partition,MaxSubmitJobs,MaxJobs,GrpSubmitJobs
`

/** Lists what the user may bill on this cluster. */
export const listAssociations: RemoteCommand<Association[]> = {
  argv: ['sh', '-c', script],
  slurmCommands: 2,
  // A database that does not answer must not keep from telling what was found before.
  timeoutSeconds: 10,
  parse({ stdout, stderr, exitCode }) {
    if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `sacctmgr ended with ${exitCode}`)
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [account = '', partition = '', maxSubmit = '', maxJobs = '', groupSubmit = ''] = line.split('|')
        const limits = [maxSubmit, groupSubmit].filter((limit) => limit !== '').map(Number)
        return {
          account,
          partition: partition === '' ? null : partition,
          mostSubmitted: limits.length === 0 ? null : Math.min(...limits),
          mostRunning: maxJobs === '' ? null : Number(maxJobs)
        }
      })
  }
}

/** The names of the accounts, each once. */
export function accountsIn(associations: readonly Association[]): string[] {
  return [...new Set(associations.map((one) => one.account))]
}

/** Tells what the user may bill; a RefusedError when that is nothing, or not the account that jobs get from us. */
export function judgeAccount(associations: readonly Association[], account: string | null): string {
  const accounts = accountsIn(associations)
  if (accounts.length === 0) {
    throw new RefusedError('SLURM knows no account that this login may bill', { hint: 'become a member of a project there' })
  }
  if (account !== null && !accounts.includes(account)) {
    throw new RefusedError(`this login may not bill ${account}, but ${accounts.join(', ')}`, {
      hint: 'put one of these as `account` of the platform in the configuration, or become a member of that project'
    })
  }
  return associations.map(describeAssociation).join('; ')
}

function describeAssociation({ account, partition, mostSubmitted, mostRunning }: Association): string {
  const limits = [
    ...(mostSubmitted === null ? [] : [`at most ${mostSubmitted} jobs`]),
    ...(mostRunning === null ? [] : [`at most ${mostRunning} running`])
  ]
  return `${account}${partition === null ? '' : ` in ${partition}`}${limits.length === 0 ? '' : ` (${limits.join(', ')})`}`
}
