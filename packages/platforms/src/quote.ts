/**
 * One argument for a POSIX shell. Everything that reaches a platform goes through this function: what it returns means
 * the text itself, to any sh.
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new Error('an argument can not have a NUL character in it')
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** A command line of quoted arguments. */
export function quoteAll(argv: readonly string[]): string {
  return argv.map(quote).join(' ')
}
