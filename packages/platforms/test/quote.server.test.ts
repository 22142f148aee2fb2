import { execFileSync } from 'node:child_process'
import { RefusedError } from '@lautta/core/errors'
import { quote, quoteAll } from '@lautta/core/quote'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { nastyText } from './nasty-text.ts'

const shells = [['dash'], ['bash'], ['bash', '--posix'], ['zsh'], ['mksh'], ['busybox', 'sh']]

/** Each word as one argument of its own, and in the sequence in which they were written. */
function readBack([shell = '', ...options]: readonly string[], script: string): string[] {
  const output = execFileSync(shell, [...options, '-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return output.split('\0').slice(0, -1)
}

describe.each(shells.map((shell) => [shell.join(' '), shell] as const))('what is quoted, to %s', (_name, shell) => {
  const isInstalled = requireCommands(shell.slice(0, 1))
  it.skipIf(!isInstalled)('means the text itself', () => {
    fc.assert(
      fc.property(fc.array(nastyText, { minLength: 1, maxLength: 50 }), (texts) => {
        expect(readBack(shell, `printf '%s\\0' ${quoteAll(texts)}`)).toEqual(texts)
      }),
      { numRuns: 60 }
    )
  })
  it.skipIf(!isInstalled)('means the text itself when each letter stands alone, at the start and at the end', () => {
    const letters = Array.from({ length: 0x2ff }, (_none, index) => String.fromCodePoint(index + 1))
    const texts = letters.flatMap((letter) => [letter, `${letter}ls`, `ls${letter}`])
    expect(readBack(shell, `printf '%s\\0' ${quoteAll(texts)}`)).toEqual(texts)
  })
  it.skipIf(!isInstalled)('is a command, not an assignment or a word of the language', () => {
    const script = `${quoteAll(['A=1', 'x'])} 2>/dev/null || printf '%s\\0' "$?"`
    expect(readBack(shell, script)).toEqual(['127'])
  })
})

describe('quoting', () => {
  it('refuses what no argument can hold', () => {
    expect(() => quote('a\0b')).toThrow(RefusedError)
  })
})
