import { RefusedError } from '@lautta/core/errors'
import { quoteAll } from '@lautta/core/quote'

// One argument of a Linux program has at most 128 KiB; of a longer one sshd only says that it failed.
const longestLineBytes = 130_000

/**
 * The line with which any login shell starts a command: bash, dash, zsh, tcsh and fish quote differently, so all that
 * they are shown is letters that mean themselves between apostrophes to each of them. `printf`, in sh, makes of them
 * what was meant. The marker is printed first, on both streams.
 */
export function commandLine(argv: readonly string[], marker: string): string {
  const script = `echo ${marker};echo ${marker} >&2;exec ${quoteAll(argv)}`
  const line = `exec sh -c 'eval "$(printf %b "${encode(script)}")"'`
  if (line.length > longestLineBytes) throw new RefusedError('the options or arguments are too long for the platform')
  return line
}

// Between apostrophes tcsh knows ! and newlines, fish \ and all of them '; within that, sh's quotation marks know $ ` " \.
function encode(script: string): string {
  const special = /[^ #%&()*+,\-./0-9:;<=>?@A-Z[\]^_a-z{|}~]/
  return Array.from(Buffer.from(script), (byte) => {
    const letter = String.fromCharCode(byte)
    if (letter === '\n') return '\\n'
    return special.test(letter) ? `\\0${byte.toString(8).padStart(3, '0')}` : letter
  }).join('')
}
