import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { type CommandOutput, runCommand } from '../src/run-command.ts'
import { nastyText } from './nasty-text.ts'
import { openTestShell } from './open-test-shell.ts'

/** The login shells, and the file that each of them reads before a command. */
const loginShells: readonly (readonly [path: string, startFile: string])[] = [
  ['/bin/bash', '.bashrc'],
  ['/bin/dash', ''],
  ['/usr/bin/zsh', '.zshenv'],
  ['/usr/bin/tcsh', '.tcshrc'],
  ['/usr/bin/fish', '.config/fish/config.fish']
]

describe.each(loginShells)('through the login shell %s', (loginShell, startFile) => {
  const isInstalled = requireCommands([...sshCommands, loginShell.replace(/.*\//, '')])
  let server: SshServer
  let shell: RemoteShell
  beforeAll(async () => {
    if (!isInstalled) return
    server = await startSshServer({ loginShell })
    shell = await openTestShell(server)
  })
  afterAll(async () => {
    await shell?.close()
    await server?.stop()
  })
  const run = (argv: string[], stdin = '') => runCommand<CommandOutput>(shell, { argv, stdin, parse: (output) => output })

  it.skipIf(!isInstalled)('a command has its output, its errors, its input and its exit code', async () => {
    const output = await run(['sh', '-c', 'cat; echo err >&2; exit 3'], 'in\n')
    expect(output).toEqual({ stdout: 'in\n', stderr: 'err\n', exitCode: 3 })
  })
  it.skipIf(!isInstalled)('arguments arrive as they are, whatever they contain', async () => {
    const check = async (texts: string[]) => {
      const { stdout, stderr } = await run(['printf', '%s\\0', ...texts])
      expect([stdout.split('\0').slice(0, -1), stderr]).toEqual([texts, ''])
    }
    await check([Array.from({ length: 0x7ff }, (_none, index) => String.fromCodePoint(index + 1)).join('')])
    await check(['\n', '!', '!!', '\\', "'", '', ' ', '=ls', '~', '-n', '$HOME', '`id`', '\\012', '\\0047', '\\c', '%s', '\n\n'])
    await fc.assert(fc.asyncProperty(fc.array(nastyText, { minLength: 1, maxLength: 20 }), check), { numRuns: 40 })
  })
  it.skipIf(!isInstalled)('an argument may be long, and one that is too long is refused', async () => {
    const long = 'it has several lines; $HOME is one word\n'.repeat(2000)
    expect((await run(['printf', '%s', long])).stdout).toBe(long)
    await expect(run(['printf', '%s', long.repeat(2)])).rejects.toThrow('too long for the platform')
  })
  it.skipIf(!isInstalled)('a command that was killed ends as a shell tells it', async () => {
    expect((await run(['sh', '-c', 'echo out; kill -KILL $$'])).exitCode).toBe(137)
    expect(await run(['sh', '-c', 'echo out; kill -TERM $$'])).toEqual({ stdout: 'out\n', stderr: '', exitCode: 143 })
    expect((await run(['sh', '-c', 'kill -SYS $$'])).exitCode).toBeGreaterThan(128)
  })
  it.skipIf(!isInstalled)('a command that is not there says so, like one of a shell', async () => {
    const { exitCode, stderr } = await run(['lautta-no-such-command'])
    expect([exitCode, stderr]).toEqual([127, expect.stringContaining('not found')])
  })
  // dash reads none before a command.
  if (startFile === '') return
  it.skipIf(!isInstalled)('what the shell prints of its own accord is kept out, on both streams', async () => {
    const greeting = `printf 'WELCOME'; printf 'no newline' | cat >/dev/stderr; head -c 100000 /dev/urandom; printf '\\nlautta-0123456789abcdef\\n'`
    for (const noise of [greeting, `sh -c 'echo NEWS >&2; printf NEWS >&2'`]) {
      writeFileSync(join(server.home, startFile), `${noise}\n`)
      expect(await run(['sh', '-c', 'echo out; echo err >&2'])).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 0 })
    }
    await rm(join(server.home, startFile))
  })
  it.skipIf(!isInstalled)('what the shell says instead of running the command is told', async () => {
    writeFileSync(join(server.home, startFile), 'echo closed for maintenance\nexec false\n')
    const failures = await Promise.allSettled(Array.from({ length: 10 }, () => run(['true'])))
    for (const failure of failures)
      expect(String(failure.status === 'rejected' && failure.reason)).toMatch(/closed for maintenance/)
    await rm(join(server.home, startFile))
  })
})
