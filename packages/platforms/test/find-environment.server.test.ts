import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SlurmServer, slurmCommands, startSlurm } from '../../../test/servers/slurm.ts'
import { fourColumns, threeColumns, withAllocations } from '../../../test/support/workspace-prints.ts'
import { findExisting } from '../src/files/find-existing.ts'
import { findEnvironment } from '../src/find-environment.ts'
import { findWorkspaces } from '../src/find-workspaces.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { runCommand } from '../src/run-command.ts'
import { openTestShell } from './open-test-shell.ts'

const isInstalled = requireCommands(slurmCommands())
let slurm: SlurmServer
let shell: RemoteShell
beforeAll(async () => {
  if (!isInstalled) return
  slurm = await startSlurm()
  shell = await openTestShell(slurm)
})
afterAll(async () => {
  await shell?.close()
  await slurm?.stop()
})

// Programs in a folder that only the preamble puts into the path, as a centre's own are.
const preamble = ['echo a greeting; export PATH=/users/csc/tools:$PATH', 'module use /users/csc/modules', 'this-fails']
/** A program of a centre, or a file of a module. */
const put = async (path: string, text: string): Promise<void> => {
  const file = slurm.hostPath(`/users/csc/${path}`)
  await mkdir(file.replace(/\/[^/]*$/, ''), { recursive: true })
  await writeFile(file, text)
  await chmod(file, 0o755)
}
const print = (command: string, text: string) => put(`tools/${command}`, `#!/bin/sh\ncat <<'END'\n${text}END\n`)

describe.skipIf(!isInstalled)('what a user finds on a login node', () => {
  it('is the home directory, the languages and the modules, also those that the preamble makes known', async () => {
    await put('tools/R', '#!/bin/sh\necho "R version 4.3.1 (2023-06-16) -- \\"Beagle Scouts\\""\n')
    await put('tools/julia', '#!/bin/sh\nsleep 600\n')
    for (const name of ['gcc', 'pytorch/2.9', 'pytorch/2.10']) await put(`modules/${name}.lua`, 'setenv("LOADED", "1")')
    const found = await runCommand(shell, findEnvironment(preamble))
    expect(found.directory).toBe('/users/csc')
    const { stdout } = await slurm.exec(['python3', '--version'])
    expect(found.languages).toContainEqual({ name: 'Python', version: stdout.trim().split(' ')[1] })
    expect(found.languages).toContainEqual({ name: 'R', version: '4.3.1' })
    expect(found.languages.map(({ name }) => name)).not.toContain('Julia')
    expect(found.modules).toEqual(expect.arrayContaining(['gcc', 'pytorch/2.9', 'pytorch/2.10']))
    expect(found.modules.filter((name) => /[:/]$/.test(name))).toEqual([])
  })
  it('has no modules where nobody knows the word', async () => {
    expect(await runCommand(shell, findEnvironment(['unset -f module']))).toMatchObject({ directory: '/users/csc', modules: [] })
  })
})

describe.skipIf(!isInstalled)('the disk areas of a user', () => {
  it.each([
    ['csc-workspaces', 'four columns', fourColumns, ['7.2T', '7.0T', true]],
    ['csc-workspaces', 'three columns', threeColumns, ['4k', '1T', false]],
    ['lumi-workspaces', 'three columns and allocations', withAllocations, ['29G', '55T', false]]
  ] as const)('are what %s prints in %s', async (command, _form, text, expected) => {
    await print(command, text)
    const { workspaces, unreadableLines } = await runCommand(shell, findWorkspaces(command, preamble))
    const scratch = workspaces.find(({ path }) => path.startsWith('/scratch/'))
    expect([scratch?.usedCapacity, scratch?.maxCapacity, scratch?.overQuota]).toEqual(expected)
    expect(unreadableLines).toEqual([])
  })
  it('are not known when the command fails, is not there or prints nothing, and its words are kept', async () => {
    const look = async (command: string) => (await runCommand(shell, findWorkspaces(command, preamble))).unreadableLines
    await put('tools/failing', '#!/bin/sh\necho "the quota daemon is away" >&2; exit 3\n')
    expect(await look('failing')).toEqual(['the quota daemon is away'])
    expect(await look('no-such-command')).toEqual([expect.stringMatching(/no-such-command: command not found/)])
    expect(await look('exit 3')).toEqual(['exit 3 printed nothing, and ended with 3'])
  })
})

describe.skipIf(!isInstalled)('files that are there', () => {
  it('are told from those that are not, also by names with blanks and from the home directory', async () => {
    await put('kept/a file', '')
    const paths = ['kept/a file', '~/kept/a file', '/users/csc/kept', 'kept/another', '/nowhere']
    expect(await runCommand(shell, findExisting(paths))).toEqual(new Set(paths.slice(0, 3)))
    expect(await runCommand(shell, findExisting([]))).toEqual(new Set())
  })
})
