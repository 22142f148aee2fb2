import type { UnreadableLine } from '@lautta/core/accounting/accounting'
import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import { type AccountingId, readAccountingId } from './accounting-id.ts'
import { joinLines, unknownDelimiter } from './field-delimiter.ts'
import { wholeTaskLists } from './own-cluster.ts'

/** One line of accounting, field by field. Its name may hold anything, so the line may be several of the text. */
export interface SacctLine {
  id: AccountingId
  row: Readonly<Record<string, string>>
  text: string
}

/** One sacct, and the reading of all that it printed. A name may have a newline in it, so it has to be the last of the fields. */
export function sacct<Result>(
  fields: readonly string[],
  options: readonly string[],
  read: (lines: readonly SacctLine[], unreadable: readonly UnreadableLine[]) => Result
): RemoteCommand<Result> {
  const delimiter = unknownDelimiter()
  return {
    argv: [
      ...[...wholeTaskLists, 'SLURM_TIME_FORMAT=%s', 'sacct', '--noheader', '--parsable2', `--delimiter=${delimiter}`],
      `--format=${fields.join(',')}`,
      ...options
    ],
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `sacct ended with ${exitCode}`)
      const lines: SacctLine[] = []
      const unreadable: UnreadableLine[] = []
      for (const whole of joinLines(stdout, delimiter)) {
        const line = readLine(whole.split(delimiter), fields)
        if ('reason' in line) unreadable.push(line)
        else lines.push(line)
      }
      return read(lines, unreadable)
    }
  }
}

function readLine(values: readonly string[], fields: readonly string[]): SacctLine | UnreadableLine {
  const text = values.join('|')
  if (values.length !== fields.length)
    return { line: text, reason: `it has ${values.length} fields, and ${fields.length} were asked for: ${fields.join('|')}` }
  const row = Object.fromEntries(fields.map((field, at) => [field, values[at] ?? '']))
  const id = readAccountingId(row.JobID ?? '')
  return id === null ? { line: text, reason: `JobID reads ${JSON.stringify(row.JobID)}, which is no id` } : { id, row, text }
}
