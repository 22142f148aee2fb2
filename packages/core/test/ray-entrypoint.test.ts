import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { composeEntrypoint, parametersFileName } from '../src/ray/entrypoint.ts'
import { rayJobSchema } from '../src/ray/ray-job.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrypoint-'))
afterAll(() => rmSync(folder, { recursive: true }))

const compose = (job: object) =>
  composeEntrypoint(rayJobSchema.parse({ ...('entrypoint' in job ? {} : { file: 'main.py' }), ...job }))

/** What a program in the place of python is given, when sh runs the command as Ray does. */
function argumentsOf({ command, parametersFile }: ReturnType<typeof composeEntrypoint>): string[] {
  if (parametersFile !== null) writeFileSync(join(folder, parametersFileName), parametersFile)
  const told = `python() { for one; do printf '%s\\0' "$one"; done; }\n${command}`
  return execFileSync('sh', { cwd: folder, input: told, encoding: 'utf8' }).split('\0').slice(0, -1)
}

describe('the command of a Ray job', () => {
  it('is python with the file, and without parameters nothing else', () => {
    expect(compose({}).command).toBe('python main.py')
    expect(compose({ entrypoint: 'echo $HOME' })).toEqual({ command: 'echo $HOME', parametersFile: null })
  })

  it('has the parameters as one argument, as seed 003 has it', () => {
    expect(compose({ parameters: { 'worker-number': 2 } }).command).toBe(`python main.py '{"worker-number":2}'`)
  })

  it('gives the file exactly the parameters, whatever is in them', () => {
    const names = fc.string({ unit: 'grapheme' })
    const texts = fc.string({ unit: fc.constantFrom("'", '"', '$', '`', '\\', '\n', 'ä', '😀', ' ', '!', '*') })
    const property = fc.property(fc.dictionary(names, texts, { minKeys: 1 }), (parameters) => {
      expect(argumentsOf(compose({ parameters }))).toEqual(['main.py', JSON.stringify(parameters)])
    })
    fc.assert(property, { numRuns: 50 })
  })

  it('reads from a file what is too long for a command', () => {
    const parameters = { text: "'".repeat(100_000) }
    const composed = compose({ parameters })
    expect(Buffer.byteLength(composed.command)).toBeLessThan(200)
    expect(argumentsOf(composed)).toEqual(['main.py', JSON.stringify(parameters)])
  })

  it('is refused when it is longer than a command can be', () => {
    expect(() => compose({ entrypoint: 'ä'.repeat(66_000) })).toThrow(/132000 bytes/)
  })

  it('is refused when no argument can hold the parameters', () => {
    expect(() => compose({ parameters: { text: 'x'.repeat(131_072) } })).toThrow(/at most 131071/)
  })
})
