import { parseSlurmDuration } from '@lautta/core/accounting/slurm-time'
import { RefusedError, UnavailableError } from '@lautta/core/errors'
import type { Association } from '@lautta/core/platform/limits'
import type { RemoteCommand } from '../run-command.ts'
import { onOwnCluster } from './own-cluster.ts'

/** What sacctmgr is asked of an association, for `readAssociation`. */
export const associationFields = 'Account,Partition,MaxSubmitJobs,MaxJobs,GrpSubmitJobs,MaxWall'

/*
 * A first line `enforced <what>`, then the list. Where SLURM enforces nothing of this, it may know no accounts at all, and
 * takes jobs that name any. A database may know more clusters than this one.
 */
const script = `config=$(scontrol show config)
of() { printf '%s\\n' "$config" | sed -n "s/^$1 *= *//p"; }
echo "enforced $(of AccountingStorageEnforce)"
cluster=$(of ClusterName)
exec sacctmgr --noheader --parsable2 show assoc user="$(id -un)" \${cluster:+cluster="$cluster"} format=${associationFields}
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

/** Reads a line of sacctmgr's list. */
export function readAssociation(line: string): Association {
  const [account = '', partition = '', maxSubmit = '', maxJobs = '', groupSubmit = '', maxWall = ''] = line.split('|')
  return {
    account,
    partition: partition === '' ? null : partition,
    mostSubmitted: lowestLimit(maxSubmit, groupSubmit),
    mostRunning: lowestLimit(maxJobs),
    mostSeconds: parseSlurmDuration(maxWall)
  }
}

/** The lowest of several limits, of which an empty one is none. */
export function lowestLimit(...limits: readonly string[]): number | null {
  const set = limits.filter((limit) => limit !== '').map(Number)
  return set.length === 0 ? null : Math.min(...set)
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
