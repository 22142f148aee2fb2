import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RefusedError, StorageError, UnavailableError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { outputOf } from '../../../test/servers/run.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { findExisting } from '../src/files/find-existing.ts'
import { findFiles } from '../src/files/find-files.ts'
import { removeOldParts } from '../src/files/parts.ts'
import { type ReadFile, readFiles } from '../src/files/read-files.ts'
import { type SmallFile, writeFiles } from '../src/files/write-files.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { runCommand } from '../src/run-command.ts'
import { openTestShell } from './open-test-shell.ts'

const isInstalled = requireCommands([...sshCommands, 'tar'])
let server: SshServer
let shell: RemoteShell
beforeAll(async () => {
  if (!isInstalled) return
  server = await startSshServer()
  shell = await openTestShell(server)
})
afterAll(async () => {
  await shell?.close()
  await server?.stop()
})

const there = (path: string) => join(server.home, path)
const small = (path: string, content: string | Buffer, isSecret = false): SmallFile => ({
  path,
  content: Buffer.from(content),
  isSecret
})
const sha1Of = (content: Buffer | string) => createHash('sha1').update(content).digest('hex')
const oddNames = [
  `it's a "name" $(x) *é\\`,
  '-rf',
  ' two  blanks ',
  `${'long '.repeat(40)}name`,
  'x'.repeat(100),
  'a/b/c/deep',
  '\u{1f41f}'
]

describe.skipIf(!isInstalled)('many files over SSH', () => {
  it('arrive in one channel, whatever their names are, and leave nothing beside them', async () => {
    const files = [
      ...oddNames.map((name) => small(name, `of ${name}`)),
      small('empty', ''),
      small('block', Buffer.alloc(512, 'b'))
    ]
    await writeFiles(shell, '~/odd/names', files, { writer: 'test' })
    for (const { path, content } of files) expect(readFileSync(there(`odd/names/${path}`)).equals(content)).toBe(true)
    expect(readdirSync(there('odd/names'))).toHaveLength(files.length)
    expect(readdirSync(there('odd/names')).filter((name) => name.startsWith('.'))).toEqual([])
  })
  it('replace what is there, and are for their owner only when they are secret', async () => {
    await writeFiles(shell, 'modes', [small('open', 'old'), small('key', 'old')], { writer: 'test' })
    await writeFiles(shell, 'modes', [small('open', 'new'), small('key', 'new', true)], { writer: 'test' })
    expect(readFileSync(there('modes/key'), 'utf8')).toBe('new')
    expect([statSync(there('modes/open')).mode & 0o777, statSync(there('modes/key')).mode & 0o777]).toEqual([0o644, 0o600])
    expect(statSync(there('modes')).mode & 0o777).toBe(0o755)
  })
  it('are not seen when nobody may publish them any more, and refused where they can not lie', async () => {
    const mayPublish = () => {
      throw new StorageError('the lease is lost')
    }
    await expect(writeFiles(shell, 'late', [small('x', 'x')], { writer: 'test', mayPublish })).rejects.toThrow(
      'the lease is lost'
    )
    expect(await runCommand(shell, findExisting(['late/x', 'modes', '~/modes/key']))).toEqual(new Set(['modes', '~/modes/key']))
    mkdirSync(there('folder/taken'), { recursive: true })
    await outputOf(['chown', '-R', '20001', there('folder')])
    const write = (folder: string, path: string) => writeFiles(shell, folder, [small(path, 'x')], { writer: 'test' })
    await expect(write('folder', 'taken')).rejects.toThrow(RefusedError)
    await expect(write('folder', '../out')).rejects.toThrow(RefusedError)
    await expect(write('modes/open', 'x')).rejects.toThrow(/File exists|Not a directory/)
    await expect(write('/etc', 'x')).rejects.toThrow(/^\/etc\/x: Permission denied$/)
    expect(readdirSync(there('folder'))).toEqual(['taken'])
  })
  it('leave parts that the next transfer of the same writer removes, and anybody after a week', async () => {
    const others = ['.lautta', '.lautta-batch-me-too-0123456789ab', '.lautta-batch-you-0123456789ab', '.lautta-part-me-3']
    for (const name of ['.lautta-batch-me-0123456789ab', '.lautta-part-you-2', ...others]) {
      mkdirSync(there(`parts/${name}`), { recursive: true })
      writeFileSync(there(`parts/${name}/x`), 'x')
    }
    const weekAgo = Date.now() / 1000 - 9 * 24 * 3600
    utimesSync(there('parts/.lautta-part-you-2'), weekAgo, weekAgo)
    utimesSync(there('parts/.lautta'), weekAgo, weekAgo)
    await outputOf(['chown', '-R', '20001', there('parts')])
    await removeOldParts(shell, ['parts', '~/nowhere'], 'me')
    expect(readdirSync(there('parts')).toSorted()).toEqual(others)
  })
  it('are found by a path or a glob, also through links, but no folder, hidden file or name that is no text', async () => {
    for (const path of ['runs/1/out', 'runs/22/out', 'runs/22/deep/out', 'runs/.hidden/out', 'elsewhere/out', 'runs/list']) {
      mkdirSync(there(path.slice(0, path.lastIndexOf('/'))), { recursive: true })
      writeFileSync(there(path), path)
    }
    writeFileSync(Buffer.concat([Buffer.from(there('runs/1/\xff')).subarray(0, -2), Buffer.from([0xff])]), '')
    symlinkSync('../elsewhere', there('runs/linked'))
    const find = async (pattern: string) =>
      (await findFiles(shell, pattern)).files.map(({ below, task }) => [below, task]).toSorted()
    expect(await find('runs/*/out')).toEqual([
      ['1/out', null],
      ['22/out', null],
      ['linked/out', null]
    ])
    expect(await find('~/runs/{1}/out')).toEqual([
      ['1/out', '1'],
      ['22/out', '22']
    ])
    expect(await find('runs/**/out')).toEqual([
      ['1/out', null],
      ['22/deep/out', null],
      ['22/out', null],
      ['linked/out', null]
    ])
    expect(await find(`${server.home}/runs/l*`)).toEqual([['list', null]])
    expect(await find('runs/none*')).toEqual([])
    expect((await findFiles(shell, 'runs/list')).files).toEqual([
      { path: './runs/list', below: 'list', usedBytes: 9, task: null }
    ])
    expect((await findFiles(shell, 'runs/1/*')).complaints).toEqual(['the name "ÿ" is no UTF-8'])
    await expect(findFiles(shell, 'nowhere/*')).rejects.toThrow(/^nowhere: No such file or directory$/)
    await expect(findFiles(shell, 'nowhere')).rejects.toThrow(/^nowhere: No such file or directory$/)
    await expect(findFiles(shell, 'runs')).rejects.toThrow(/^runs: Is a directory$/)
    await expect(findFiles(shell, '/dev/null')).rejects.toThrow(/not a regular file/)
  })
  it('are read through one channel, several received at once; what can not be read is told', async () => {
    const received = new Map<string, ReadFile>()
    let atOnce = 0
    let most = 0
    const receive = async (file: ReadFile) => {
      most = Math.max(most, ++atOnce)
      await new Promise(setImmediate)
      atOnce--
      received.set(file.path, file)
    }
    writeFileSync(there('odd/names/closed'), 'x', { mode: 0o600 })
    writeFileSync(there('odd/names/large'), Buffer.alloc(10_001))
    const { files } = await findFiles(shell, 'odd/**')
    const paths = files.map(({ path }) => path)
    const missing = await readFiles(shell, [...paths, './odd/gone'], 10_000, receive)
    expect(Object.fromEntries(missing)).toEqual({
      './odd/names/closed': 'Permission denied',
      './odd/names/large': null,
      './odd/gone': 'No such file or directory'
    })
    expect([...received.keys()].toSorted()).toEqual(paths.filter((path) => !missing.has(path)).toSorted())
    for (const name of oddNames) expect(received.get(`./odd/names/${name}`)?.content.toString()).toBe(`of ${name}`)
    expect(received.get('./odd/names/-rf')?.sha1).toBe(sha1Of('of -rf'))
    expect([most > 1, most <= 8]).toEqual([true, true])
  })
  it('are not taken for what they were when somebody wrote to them meanwhile', async () => {
    writeFileSync(there('filler'), Buffer.alloc(9_000_000))
    writeFileSync(there('later'), 'then')
    const received: string[] = []
    const receive = async ({ path }: ReadFile) => {
      received.push(path)
      if (path === './odd/names/-rf') writeFileSync(there('later'), 'now!')
    }
    const missing = await readFiles(shell, ['./odd/names/-rf', './filler', './later'], 10_000_000, receive)
    expect([received, missing]).toEqual([['./odd/names/-rf', './filler'], new Map([['./later', null]])])
  })
  it('are not read any further when one of them is not received', async () => {
    const receive = async () => {
      throw new StorageError('the store is away')
    }
    await expect(readFiles(shell, ['./odd/names/-rf', './odd/names/empty'], 10_000, receive)).rejects.toThrow(StorageError)
    expect(await readFiles(shell, [], 10_000, receive)).toEqual(new Map())
  })
  it('are interrupted, and not missing, when the connection is closed', async () => {
    const other = await openTestShell(server)
    const receive = async () => other.close()
    writeFileSync(there('several'), Buffer.alloc(9_000_000))
    const paths = ['./odd/names/-rf', './several', './odd/names/empty']
    await expect(readFiles(other, paths, 10_000_000, receive)).rejects.toThrow(UnavailableError)
  })
})
