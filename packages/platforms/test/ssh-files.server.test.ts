import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { RefusedError, StorageError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { until } from '../../../test/support/until.ts'
import { measureFiles, readFileParts } from '../src/files/file-parts.ts'
import { findExisting } from '../src/files/find-existing.ts'
import { findFiles } from '../src/files/find-files.ts'
import { readFile } from '../src/files/read-file.ts'
import { readTextFile } from '../src/files/read-text-file.ts'
import { removeUnchanged } from '../src/files/remove-files.ts'
import { writeFile } from '../src/files/write-file.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { runCommand } from '../src/run-command.ts'
import { largeSource, testContent } from './large-source.ts'
import { openTestShell } from './open-test-shell.ts'

const isInstalled = requireCommands(sshCommands)
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

describe.skipIf(!isInstalled)('large files over SSH', () => {
  const options = { isSecret: false, writer: 'test', pieceBytes: 100_000 }
  const content = testContent(350_000)
  const collect = async (stream: Readable): Promise<Buffer> => Buffer.concat(await stream.toArray())
  const there = (path: string) => join(server.home, path)

  it('arrive as they were, in folders that were not there, and leave nothing beside them', async () => {
    await writeFile(shell, 'deep/er/bytes', largeSource(content), options)
    expect(readFileSync(there('deep/er/bytes')).equals(content)).toBe(true)
    expect(readdirSync(there('deep/er'))).toEqual(['bytes'])
    const { content: read, summary } = readFile(shell, '~/deep/er/bytes')
    expect((await collect(read)).equals(content)).toBe(true)
    expect(summary()).toEqual({ sha1: createHash('sha1').update(content).digest('hex'), hasChanged: false })
  })
  it('replace what is there, and may be empty', async () => {
    for (const text of ['first', 'and second', '']) {
      await writeFile(shell, 'word', largeSource(Buffer.from(text)), options)
      expect(await readTextFile(shell, '~/word', 100)).toBe(text)
      expect((await collect(readFile(shell, 'word').content)).toString()).toBe(text)
    }
  })
  it('are for their owner only when they are secret', async () => {
    await writeFile(shell, 'secret', largeSource(content), { ...options, isSecret: true })
    await writeFile(shell, 'open', largeSource(content), options)
    expect(statSync(there('secret')).mode & 0o777).toBe(0o600)
    expect(statSync(there('open')).mode & 0o777).toBe(0o644)
  })
  it('have names with anything in them', async () => {
    for (const name of [`it's a "name" $(x) *é\\`, '-rf', ' two  blanks ']) {
      await writeFile(shell, name, largeSource(Buffer.from('n')), options)
      expect(readFileSync(there(name), 'utf8')).toBe('n')
      expect(await readTextFile(shell, name, 100)).toBe('n')
      expect((await collect(readFile(shell, name).content)).toString()).toBe('n')
    }
  })
  it('are whole when two write one of them at once', async () => {
    const write = (letter: string) =>
      writeFile(shell, 'both', largeSource(Buffer.alloc(3_000_000, letter)), { ...options, writer: letter })
    for (let round = 0; round < 3; round++) {
      await Promise.all([write('a'), write('b')])
      const text = (await collect(readFile(shell, 'both').content)).toString()
      expect([text.length, new Set(text).size]).toEqual([3_000_000, 1])
    }
  })
  it('that can not be read or written are refused with the reason', async () => {
    await expect(collect(readFile(shell, 'nowhere').content)).rejects.toThrow(RefusedError)
    const readLate = readFile(shell, 'nowhere').content
    readLate.read()
    await until(() => readLate.errored)
    await expect(collect(readLate)).rejects.toThrow(/No such file/)
    await expect(readTextFile(shell, 'nowhere', 100)).rejects.toThrow(/^nowhere: No such file or directory$/)
    mkdirSync(there('folder'))
    await expect(collect(readFile(shell, 'folder').content)).rejects.toThrow(/^folder: Is a directory$/)
    await expect(writeFile(shell, 'folder', largeSource(content), options)).rejects.toThrow(/^folder: Is a directory$/)
    await expect(writeFile(shell, '/proc/nowhere/x', largeSource(content), options)).rejects.toThrow(RefusedError)
    await expect(writeFile(shell, '/etc/x', largeSource(content), options)).rejects.toThrow(/^\/etc\/x: Permission denied$/)
  })
  it('go through no folder that somebody else has put in the way', async () => {
    let part = ''
    const mayPublish = () => {
      part = readdirSync(there('shared'))[0] ?? ''
    }
    await writeFile(shell, 'shared/x', largeSource(content), { ...options, mayPublish })
    symlinkSync(there('folder'), there(`shared/${part}`))
    await expect(writeFile(shell, 'shared/x', largeSource(content), options)).rejects.toThrow(/not ours/)
  })
  it('are not seen when their source breaks, or when nobody may publish them any more', async () => {
    const broken = async () =>
      Readable.from(
        (async function* () {
          yield content.subarray(0, 150_000)
          throw new StorageError('the object store went away')
        })()
      )
    await expect(writeFile(shell, 'half', { ...largeSource(content), open: broken }, options)).rejects.toThrow(StorageError)
    const mayPublish = () => {
      throw new StorageError('the lease is lost')
    }
    await expect(writeFile(shell, 'half', largeSource(content), { ...options, mayPublish })).rejects.toThrow('the lease is lost')
    await expect(readTextFile(shell, 'half', 100)).rejects.toThrow(RefusedError)
  })
  it('are never in memory as a whole, on their way there and back', async () => {
    const [mebibyte, count] = [1024 ** 2, 256]
    let mostBytes = 0
    const note = () => {
      mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers)
    }
    const before = process.memoryUsage().arrayBuffers
    async function* produce() {
      for (let at = 0; at < count; at++) {
        note()
        yield Buffer.alloc(mebibyte, at)
      }
    }
    const source = {
      usedBytes: count * mebibyte,
      identity: 'x',
      open: async () => Readable.from(produce(), { objectMode: false })
    }
    await writeFile(shell, 'huge', source, { isSecret: false, writer: 'test' })
    const { content, summary } = readFile(shell, 'huge')
    for await (const _chunk of content) note()
    expect([statSync(there('huge')).size, summary().hasChanged]).toEqual([count * mebibyte, false])
    expect(mostBytes - before).toBeLessThan(128 * mebibyte)
    rmSync(there('huge'))
  })
  it('that change while they are read are told', async () => {
    writeFileSync(there('growing'), Buffer.alloc(30_000_000))
    const { content: growing, summary } = readFile(shell, 'growing')
    let isFirst = true
    for await (const _chunk of growing) {
      if (isFirst) writeFileSync(there('growing'), 'x', { flag: 'a' })
      isFirst = false
    }
    expect(summary().hasChanged).toBe(true)
  })
  it('that a glob means are none behind a loop of links, and none in a linked folder where links are not followed', async () => {
    for (const folder of ['loop', 'commons', 'mine']) mkdirSync(there(folder))
    symlinkSync('.', there('loop/again'))
    symlinkSync('self', there('loop/self'))
    expect(await findFiles(shell, 'loop/**/*.csv')).toMatchObject({ files: [] })
    await expect(findFiles(shell, 'loop/self')).rejects.toThrow(RefusedError)
    writeFileSync(there('commons/theirs'), '')
    writeFileSync(there('mine/own'), '')
    symlinkSync('../commons', there('mine/data'))
    const below = async (links: 'followed' | 'not followed') =>
      (await findFiles(shell, 'mine/**', links)).files.map((file) => file.below).sort()
    expect([await below('followed'), await below('not followed')]).toEqual([['data/theirs', 'own'], ['own']])
  })
  it('are there or not wherever the login shell has gone, a link that leads nowhere too', async () => {
    writeFileSync(there('.bashrc'), 'cd /tmp\n')
    try {
      writeFileSync(there('here'), '12345')
      symlinkSync('nowhere', there('dangling'))
      const asked = ['here', '~/here', 'dangling', 'not-here']
      expect(await runCommand(shell, findExisting(asked))).toEqual(new Set(['here', '~/here', 'dangling']))
      expect(await measureFiles(shell, ['./here'])).toEqual(new Map([['./here', 5]]))
    } finally {
      rmSync(there('.bashrc'))
    }
  })
  it('are removed only when they are what was copied', async () => {
    writeFileSync(there('same'), 'same')
    writeFileSync(there("it's\nother"), 'other by now')
    const sha1 = createHash('sha1').update('same').digest('hex')
    const copied = ['./same', "./it's\nother", './gone'].map((path) => ({ path, sha1, usedBytes: 4 }))
    expect(await removeUnchanged(shell, copied)).toEqual(new Set(["./it's\nother"]))
    expect(readdirSync(server.home)).not.toContain('same')
    expect(readFileSync(there("it's\nother"), 'utf8')).toBe('other by now')
  })
  it('are looked at and read many at a time, each from an offset on; what is no regular file is left out', async () => {
    writeFileSync(there("it's a log \\n"), '0123456789')
    writeFileSync(there('binary'), content)
    const sizes = await measureFiles(shell, ["it's a log \\n", 'binary', 'nowhere', '/dev/zero', '/tmp'])
    expect([...sizes]).toEqual([
      ["it's a log \\n", 10],
      ['binary', 350_000]
    ])
    const read: Buffer[][] = [[], []]
    const parts = [...sizes].map(([path, sizeBytes]) => ({ path, offset: 3, usedBytes: sizeBytes! - 3 }))
    for await (const { part, bytes } of readFileParts(shell, parts, 100_000)) read[part]!.push(bytes)
    expect(Buffer.concat(read[0]!).toString()).toBe('3456789')
    expect(Buffer.concat(read[1]!).equals(content.subarray(3))).toBe(true)
  })
})
