import { randomBytes } from 'node:crypto'

/** Between the fields of SLURM's lists: a character that no one types into a job name, in place of `|`, which many do. */
export const fieldDelimiter = '\x1f'

/** The same for a list with names, which may have anything in them: nobody who gave a job its name could know this one. */
export function unknownDelimiter(): string {
  return `${fieldDelimiter}${randomBytes(3).toString('base64url')}`
}

/**
 * The lines of a list whose last field is a name: each begins in one with the delimiter; those without are the rest of a
 * name. What stands before the first was printed by the user's shell, and not by SLURM.
 */
export function joinLines(stdout: string, delimiter: string): string[] {
  const joined: string[] = []
  for (const line of stdout.replace(/\n$/, '').split('\n')) {
    const last = joined.at(-1)
    if (line.includes(delimiter)) joined.push(line)
    else if (last !== undefined) joined[joined.length - 1] = `${last}\n${line}`
  }
  return joined
}
