import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { RefusedError, StorageError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { until } from '../../../test/support/until.ts'
import { measureFiles, readFileParts } from '../src/file-parts.ts'
import { hashFile, readFile as readRemoteFile, readTextFile, removeFile, writeFile } from '../src/files.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
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

describe.skipIf(!isInstalled)('files over SSH', () => {
  const kept = { isSecret: false, overwrite: false, writer: 'test' }
  const content = Buffer.from(Array.from({ length: 300_000 }, (_none, index) => (index * 7919) % 256))
  const collect = async (stream: Readable): Promise<Buffer> => Buffer.concat(await stream.toArray())

  it('arrive as they were, in folders that were not there', async () => {
    expect(await writeFile(shell, 'deep/er/bytes', content, kept)).toBe('written')
    expect(readFileSync(join(server.home, 'deep/er/bytes')).equals(content)).toBe(true)
    expect((await collect(await readRemoteFile(shell, 'deep/er/bytes'))).equals(content)).toBe(true)
    expect(await hashFile(shell, 'deep/er/bytes')).toBe(
      execFileSync('md5sum', [join(server.home, 'deep/er/bytes')], { encoding: 'utf8' }).slice(0, 32)
    )
  })
  it('are streamed, and kept or replaced as the order says', async () => {
    await writeFile(shell, '~/word', Readable.from([Buffer.from('fir'), Buffer.from('st')]), kept)
    expect(await writeFile(shell, 'word', Buffer.from('second'), kept)).toBe('kept')
    expect(await readTextFile(shell, 'word', 100)).toBe('first')
    expect(await writeFile(shell, 'word', Buffer.from('third'), { ...kept, overwrite: true })).toBe('written')
    expect(await readTextFile(shell, 'word', 100)).toBe('third')
  })
  it('are for their owner only when they are secret', async () => {
    await writeFile(shell, 'secret', Buffer.from('s'), { isSecret: true, overwrite: true, writer: 'test' })
    await writeFile(shell, 'open', Buffer.from('o'), { isSecret: false, overwrite: true, writer: 'test' })
    expect(statSync(join(server.home, 'secret')).mode & 0o777).toBe(0o600)
    expect(statSync(join(server.home, 'open')).mode & 0o777).toBe(0o644)
  })
  it('have names with anything in them', async () => {
    const name = `it's a "name" $(x) *é\\`
    await writeFile(shell, name, Buffer.from('n'), kept)
    expect(await readTextFile(shell, name, 100)).toBe('n')
    await removeFile(shell, name)
    await expect(readTextFile(shell, name, 100)).rejects.toThrow(/No such file or directory/)
  })
  it('are whole when two write one of them at once', async () => {
    const write = (letter: string) =>
      writeFile(shell, 'both', Buffer.alloc(3_000_000, letter), { isSecret: false, overwrite: true, writer: letter })
    for (let round = 0; round < 3; round++) {
      expect(await Promise.all([write('a'), write('b')])).toEqual(['written', 'written'])
      const text = (await collect(await readRemoteFile(shell, 'both'))).toString()
      expect([text.length, new Set(text).size]).toEqual([3_000_000, 1])
    }
  })
  it('that are missing are refused with the reason, and not taken for empty ones', async () => {
    await expect(collect(await readRemoteFile(shell, 'nowhere'))).rejects.toThrow(RefusedError)
    const readLate = await readRemoteFile(shell, 'nowhere')
    await until(() => readLate.errored)
    await expect(collect(readLate)).rejects.toThrow(RefusedError)
    await expect(readTextFile(shell, 'nowhere', 100)).rejects.toThrow(/^nowhere: No such file or directory$/)
    await expect(writeFile(shell, '/proc/nowhere/x', Buffer.from(''), kept)).rejects.toThrow(RefusedError)
  })
  it('are not left half written when their source breaks', async () => {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half')
        throw new StorageError('the object store went away')
      })()
    )
    await expect(writeFile(shell, 'half', broken, kept)).rejects.toThrow(StorageError)
    await expect(readTextFile(shell, 'half', 100)).rejects.toThrow(RefusedError)
  })
  it('are looked at and read many at a time, each from an offset on; what is no regular file is left out', async () => {
    await writeFile(shell, "it's a log \\n", Buffer.from('0123456789'), kept)
    await writeFile(shell, 'binary', content, kept)
    const sizes = await measureFiles(shell, ["it's a log \\n", 'binary', 'nowhere', '/dev/zero', '/tmp'])
    expect([...sizes]).toEqual([
      ["it's a log \\n", 10],
      ['binary', 300_000]
    ])
    const read: Buffer[][] = [[], []]
    const parts = [...sizes].map(([path, sizeBytes]) => ({ path, offset: 3, usedBytes: sizeBytes - 3 }))
    for await (const { part, bytes } of readFileParts(shell, parts, 100_000)) read[part]!.push(bytes)
    expect(Buffer.concat(read[0]!).toString()).toBe('3456789')
    expect(Buffer.concat(read[1]!).equals(content.subarray(3))).toBe(true)
  })
})
