import { randomBytes } from 'node:crypto'
import type { UnreadableLine } from '@lautta/core/accounting/accounting'
import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import { type AccountingId, readAccountingId } from './accounting-id.ts'
import { fieldDelimiter } from './field-delimiter.ts'
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
  // Nobody who gave a job its name could know it.
  const delimiter = `${fieldDelimiter}${randomBytes(3).toString('base64url')}`
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

/**
 * The lines of accounting: each begins in one with the delimiter; those without are the rest of a name. What stands before
 * the first was printed by the user's shell, and not by sacct.
 */
function joinLines(stdout: string, delimiter: string): string[] {
  const joined: string[] = []
  for (const line of stdout.replace(/\n$/, '').split('\n')) {
    const last = joined.at(-1)
    if (line.includes(delimiter)) joined.push(line)
    else if (last !== undefined) joined[joined.length - 1] = `${last}\n${line}`
  }
  return joined
}

function readLine(values: readonly string[], fields: readonly string[]): SacctLine | UnreadableLine {
  const text = values.join('|')
  if (values.length !== fields.length)
    return { line: text, reason: `it has ${values.length} fields, and ${fields.length} were asked for: ${fields.join('|')}` }
  const row = Object.fromEntries(fields.map((field, at) => [field, values[at] ?? '']))
  const id = readAccountingId(row.JobID ?? '')
  return id === null ? { line: text, reason: `JobID reads ${JSON.stringify(row.JobID)}, which is no id` } : { id, row, text }
}
