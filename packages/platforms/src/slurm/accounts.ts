import { RefusedError, UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import { onOwnCluster } from './own-cluster.ts'

/** That a user may bill an account, with the limits that hold there; null is no limit of its own. */
export interface Association {
  account: string
  /** Null: all of them. */
  partition: string | null
  mostSubmitted: number | null
  mostRunning: number | null
}

/*
 * A first line `enforced <what>`, then the list. Where SLURM enforces nothing of this, it may know no accounts at all, and
 * takes jobs that name any. A database may know more clusters than this one.
 */
const script = `config=$(scontrol show config)
of() { printf '%s\\n' "$config" | sed -n "s/^$1 *= *//p"; }
echo "enforced $(of AccountingStorageEnforce)"
cluster=$(of ClusterName)
exec sacctmgr --noheader --parsable2 show assoc user="$(id -un)" \${cluster:+cluster="$cluster"} format=Account,Partition,MaxSubmitJobs,MaxJobs,GrpSubmitJobs
`

// What of AccountingStorageEnforce makes SLURM look at the account that a job names.
const enforcing = /\b(?:associations|limits|qos|safe|all)\b/

/** Lists what the user may bill on this cluster; null where SLURM does not mind. */
export const listAssociations: RemoteCommand<Association[] | null> = {
  argv: [...onOwnCluster, 'sh', '-c', script],
  slurmCommands: 2,
  // A database that does not answer must not keep from telling what was found before.
  timeoutSeconds: 10,
  parse({ stdout, stderr, exitCode }) {
    const [enforced = '', ...lines] = stdout.split('\n')
    const words = enforced.replace(/^enforced /, '')
    // Nothing is told of it while slurmctld is away.
    if (words !== '' && !enforcing.test(words)) return null
    if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `sacctmgr ended with ${exitCode}`)
    return lines.filter((line) => line !== '').map(readAssociation)
  }
}

function readAssociation(line: string): Association {
  const [account = '', partition = '', maxSubmit = '', maxJobs = '', groupSubmit = ''] = line.split('|')
  const limits = [maxSubmit, groupSubmit].filter((limit) => limit !== '').map(Number)
  return {
    account,
    partition: partition === '' ? null : partition,
    mostSubmitted: limits.length === 0 ? null : Math.min(...limits),
    mostRunning: maxJobs === '' ? null : Number(maxJobs)
  }
}

/** The names of the accounts, each once. */
export function accountsIn(associations: readonly Association[]): string[] {
  return [...new Set(associations.map((one) => one.account))]
}

/** Tells what the user may bill; a RefusedError when that is nothing, or not the account that jobs get from us. */
export function judgeAccount(associations: readonly Association[] | null, account: string | null): string {
  if (associations === null) return 'SLURM takes jobs of any account here'
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
