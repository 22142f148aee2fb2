/**
 * What a line of the audit is about, in the sequence in which such things happen: requests, what users order, and what
 * the submitter does on a platform for it.
 */
export const commandClasses = [
  ...(['post', 'adopt', 'remove', 'start', 'prepare', 'submit', 'hold', 'release'] as const),
  ...(['requeue', 'cancel', 'stop', 'end', 'files'] as const)
] as const
export type CommandClass = (typeof commandClasses)[number]
const ranks: readonly string[] = commandClasses

/** A line of the audit: a fact that does not change any more. */
export interface AuditRow {
  atSeconds: number
  /** Who ordered it. */
  user: string
  /** By which API key; null where the documents do not tell. */
  keyId: string | null
  order: string
  platform: string | null
  index: number | null
  /** One of `commandClasses`, or of those of a newer Lautta. */
  commandClass: string
  slurmJobId: string | null
  outcome: string | null
  attempt: number | null
  task: number | null
}

/** The UTC date of a line. */
export function dateOf({ atSeconds }: Pick<AuditRow, 'atSeconds'>): string {
  return new Date(atSeconds * 1000).toISOString().slice(0, 10)
}

/** The one sequence of lines, whatever the one in which they were found: by time, and within a second as things happen. */
export function sortRows(rows: readonly AuditRow[]): AuditRow[] {
  const keyed = rows.map((row) => ({ row, key: sortKeyOf(row) }))
  return keyed
    .sort((a, b) => a.row.atSeconds - b.row.atSeconds || (a.key < b.key ? -1 : Number(a.key > b.key)))
    .map(({ row }) => row)
}

function sortKeyOf({ order, platform, index, attempt, commandClass, ...rest }: AuditRow): string {
  const wide = (number: number): string => String(number + 1).padStart(9, '0')
  const job = [platform ?? '', wide(index ?? -1), wide(attempt ?? -1)]
  return JSON.stringify([
    order,
    wide(ranks.indexOf(commandClass)),
    ...job,
    rest.task,
    rest.user,
    rest.keyId,
    rest.slurmJobId,
    rest.outcome
  ])
}
