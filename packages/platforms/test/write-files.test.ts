import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeFiles } from '../src/files/write-files.ts'
import { createLocalShell } from '../src/local/local-shell.ts'
import type { RemoteShell } from '../src/remote-shell.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-files-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('files that nobody may publish are not seen, though all that was sent arrives', async () => {
  const local = createLocalShell({ PATH: '/usr/bin:/bin', HOME: folder }, folder)
  const ends: Promise<number>[] = []
  const shell: RemoteShell = {
    ...local,
    async start(argv) {
      const started = await local.start(argv)
      ends.push(started.ended)
      // As a connection has it that is closed behind the last packet.
      return { ...started, abandon: () => started.stdin.end() }
    }
  }
  const mayPublish = () => {
    throw new Error('the lease is lost')
  }
  const files = [{ path: 'x', content: Buffer.alloc(1_000_000), isSecret: false }]
  await expect(writeFiles(shell, 'in', files, { writer: 'test', mayPublish })).rejects.toThrow('the lease is lost')
  expect(await Promise.all(ends)).toEqual([1])
  expect(await readdir(join(folder, 'in'))).toEqual([])
})
