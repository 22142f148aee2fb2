import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { PlatformDiskError, RefusedError } from '@lautta/core/errors'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { startTcpProxy, type TcpProxy } from '../../../test/servers/tcp-proxy.ts'
import { until } from '../../../test/support/until.ts'
import { findExisting } from '../src/files/find-existing.ts'
import { readFile } from '../src/files/read-file.ts'
import { type LargeSource, writeFile } from '../src/files/write-file.ts'
import { writeFiles } from '../src/files/write-files.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { runCommand } from '../src/run-command.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'
import { largeSource, testContent } from './large-source.ts'
import { targetOf } from './open-test-shell.ts'

const isInstalled = requireCommands(sshCommands)
const mebibyte = 1024 ** 2
const content = testContent(10 * mebibyte)
const sha1 = createHash('sha1').update(content).digest('hex')
const options = { isSecret: true, writer: 'test', pieceBytes: mebibyte }
let server: SshServer
let proxy: TcpProxy
let shell: RemoteShell
const there = (path: string) => join(server.home, path)
const open = () => createSshShell({ ...targetOf(server), hosts: [{ host: proxy.host, port: proxy.port }] })
beforeAll(async () => {
  if (!isInstalled) return
  server = await startSshServer({ smallDiskBytes: 4 * mebibyte })
})
afterAll(() => server?.stop())
beforeEach(async () => {
  if (!isInstalled) return
  proxy = await startTcpProxy(server)
  shell = open()
})
afterEach(async () => {
  await shell?.close()
  await proxy?.stop()
})

/** A source at some byte of which something happens, once. */
function interrupted(at: number, happen: () => Promise<void>, opened: number[]): LargeSource {
  let isOver = false
  const source = largeSource(content, opened)
  return {
    ...source,
    async open(first) {
      const whole = await source.open(first)
      return Readable.from(cutAt(whole, first), { objectMode: false })
    }
  }

  async function* cutAt(whole: Readable, first: number): AsyncGenerator<Buffer> {
    let sent = first
    for await (const chunk of whole as AsyncIterable<Buffer>) {
      for (let from = 0; from < chunk.length; from += 65_536) {
        yield chunk.subarray(from, from + 65_536)
        sent += 65_536
        if (sent < at || isOver) continue
        isOver = true
        await happen()
      }
    }
  }
}

/** Resolves when so many pieces of a part have been compared. */
async function untilPieces(folder: string, pieces: number): Promise<void> {
  await until(() => {
    const sums = there(`${folder}/${readdirSync(there(folder))[0]}/sums`)
    return existsSync(sums) && readFileSync(sums, 'utf8').split('\n').length > pieces
  })
}

describe.skipIf(!isInstalled)('a large file whose connection is lost', () => {
  it('is sent on from where it was cut, and is whole', async () => {
    const opened: number[] = []
    const cut = async () => {
      await untilPieces('sent', 5)
      proxy.cut()
    }
    await writeFile(shell, 'sent/file', interrupted(6.5 * mebibyte, cut, opened), options)
    expect(readFileSync(there('sent/file')).equals(content)).toBe(true)
    expect(readdirSync(there('sent'))).toEqual(['file'])
    expect(opened).toEqual([0, expect.any(Number)])
    expect(opened[1]).toBeGreaterThanOrEqual(5 * mebibyte)
    expect(opened[1]).toBeLessThanOrEqual(6 * mebibyte)
  })
  it('is sent on by another process, but for a piece that is not as it was sent any more', async () => {
    const gone = new RefusedError('the process ends')
    const end = async () => {
      await untilPieces('later', 4)
      throw gone
    }
    await expect(writeFile(shell, 'later/file', interrupted(4.5 * mebibyte, end, []), options)).rejects.toThrow(gone)
    await shell.close()
    const [part = ''] = readdirSync(there('later'))
    const file = readFileSync(there(`later/${part}/content`))
    file.fill('x', 2 * mebibyte + 5, 2 * mebibyte + 6)
    writeFileSync(there(`later/${part}/content`), file)
    shell = open()
    const opened: number[] = []
    await writeFile(shell, 'later/file', largeSource(content, opened), options)
    expect(opened).toEqual([2 * mebibyte])
    expect(readFileSync(there('later/file')).equals(content)).toBe(true)
  })
  it('is sent anew when its source is another one by then', async () => {
    const end = async () => {
      await untilPieces('other', 2)
      throw new RefusedError('the process ends')
    }
    await expect(writeFile(shell, 'other/file', interrupted(2.5 * mebibyte, end, []), options)).rejects.toThrow()
    const opened: number[] = []
    await writeFile(shell, 'other/file', largeSource(content.subarray(1), opened), options)
    expect(opened).toEqual([0])
    expect(readFileSync(there('other/file')).equals(content.subarray(1))).toBe(true)
  })
  it('is read on from where it was cut, and compared as a whole', async () => {
    writeFileSync(there('read'), content)
    const { content: read, summary } = readFile(shell, 'read')
    let wasCutAgain = false
    await shell.start(['true']).then(({ ended }) => ended)
    const cut = proxy.cutAfter(6 * mebibyte).then(() => {
      // What is left is less.
      void proxy.cutAfter(6 * mebibyte).then(() => {
        wasCutAgain = true
      })
    })
    expect(Buffer.concat(await read.toArray()).equals(content)).toBe(true)
    await cut
    expect(summary()).toEqual({ sha1, hasChanged: false })
    expect(wasCutAgain).toBe(false)
  })
  it('is not read on when it was changed meanwhile', async () => {
    writeFileSync(there('changed'), content)
    const { content: read } = readFile(shell, 'changed')
    await shell.start(['true']).then(({ ended }) => ended)
    const cut = proxy.cutAfter(3 * mebibyte).then(() => writeFileSync(there('changed'), content.subarray(1)))
    await expect(read.toArray()).rejects.toThrow(/^changed changed while it was copied$/)
    await cut
  })
})

describe.skipIf(!isInstalled)('a full disk', () => {
  it('is told as such, and small files leave nothing on it', async () => {
    const files = [{ path: 'x', content: content.subarray(0, 5 * mebibyte), isSecret: false }]
    const refused = writeFiles(shell, 'small', files, { writer: 'test' })
    await expect(refused).rejects.toThrow(PlatformDiskError)
    await expect(refused).rejects.toThrow(/^small\/x: No space left on device$/)
    await writeFiles(shell, 'small', [{ path: 'y', content: content.subarray(0, 3 * mebibyte), isSecret: false }], {
      writer: 'test'
    })
    expect(await runCommand(shell, findExisting(['small/x', 'small/y']))).toEqual(new Set(['small/y']))
  })
  it('takes no more of a large file', async () => {
    let wasReadOn = false
    const source = interrupted(9 * mebibyte, async () => {
      wasReadOn = true
    }, [])
    await expect(writeFile(shell, 'small/w', source, { ...options, pieceBytes: 256 * 1024 })).rejects.toThrow(PlatformDiskError)
    expect(wasReadOn).toBe(false)
    await shell.start(['sh', '-c', 'rm -r small/.lautta-part-*']).then(({ ended }) => ended)
  })
  it('is told of a large file too, which goes on when there is room', async () => {
    const part = content.subarray(0, 3 * mebibyte)
    const opened: number[] = []
    const write = () => writeFile(shell, 'small/z', largeSource(part, opened), { ...options, pieceBytes: 256 * 1024 })
    await expect(write()).rejects.toThrow(PlatformDiskError)
    await shell.start(['rm', 'small/y']).then(({ ended }) => ended)
    await write()
    expect(opened[0]).toBe(0)
    expect(opened[1]).toBeGreaterThanOrEqual(0.5 * mebibyte)
    expect(Buffer.concat(await readFile(shell, 'small/z').content.toArray()).equals(part)).toBe(true)
  })
})
