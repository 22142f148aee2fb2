import { readSeff, type SeffReport } from '@lautta/core/accounting/read-seff'
import type { RemoteCommand } from '../run-command.ts'
import { onOwnCluster } from './own-cluster.ts'

/** So many jobs are told of by one question: seff takes a moment for each, on a login node. */
export const mostReportsAtOnce = 20

const reportSeconds = 10
const allSeconds = 40
// Of timeout(1): a second more until what hangs is killed.
const boundSeconds = allSeconds + reportSeconds + 10
const mostBytesOfReport = 64 * 1024

// A job that seff does not know is an error of its own, and none of ours.
const script = `command -v seff >/dev/null || exit 127
end=$(($(date +%s) + ${allSeconds}))
for id; do
  [ "$(date +%s)" -lt "$end" ] || break
  printf '\\n= %s\\n' "$id"
  timeout -k 1 ${reportSeconds} seff "$id" 2>&1 </dev/null | head -c ${mostBytesOfReport}
done
exit 0`

/** What seff says of each job, null where it says nothing of it; `none` where the platform has no seff. */
export function seff(ids: readonly string[]): RemoteCommand<readonly (SeffReport | null)[] | 'none'> {
  return {
    argv: [...onOwnCluster, 'sh', '-c', script, 'seff', ...ids],
    slurmCommands: ids.length,
    timeoutSeconds: boundSeconds,
    outputLimitBytes: (ids.length + 1) * 2 * mostBytesOfReport,
    parse({ stdout, exitCode }) {
      if (exitCode === 127) return 'none'
      const [, ...parts] = stdout.split(/^= (\d+)$/m)
      const printed = new Map(parts.flatMap((id, at) => (at % 2 === 0 ? [[id, parts[at + 1] ?? ''] as const] : [])))
      return ids.map((id) => readSeff(printed.get(id) ?? ''))
    }
  }
}
