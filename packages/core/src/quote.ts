import { RefusedError } from './errors.ts'

/**
 * One argument for a POSIX shell. Everything that reaches a platform goes through this function: what it returns means
 * the text itself, to any sh. (A word with = may be an assignment to sh, and the path of a program to zsh.)
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new RefusedError('there is a NUL character in what is meant for the platform')
  return /^[A-Za-z0-9_@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** A command line of quoted arguments. */
export function quoteAll(argv: readonly string[]): string {
  return argv.map(quote).join(' ')
}
