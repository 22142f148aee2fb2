import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import ssh2, { type ServerChannel } from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { measureFiles, readFileParts } from '../src/files/file-parts.ts'
import { readFile } from '../src/files/read-file.ts'
import { readTextFile } from '../src/files/read-text-file.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { runCommand } from '../src/run-command.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'

const keys = ssh2.utils.generateKeyPairSync('ed25519', {})
const half = 'half of it\n'

// sshd sends the exit code when the process ends, while its last output may still wait for room on the way.
const replies: [string, (channel: ServerChannel) => void][] = [
  [
    'the exit code and half of the output',
    (channel) => {
      channel.exit(0)
      channel.write(half)
    }
  ],
  [
    'half of the output and the exit code',
    (channel) => {
      channel.write(half)
      channel.exit(0)
    }
  ],
  ['half of the output', (channel) => channel.write(half)]
]

/** A host that lets everybody in, begins an answer to any command, and is gone. */
async function startHost(reply: (channel: ServerChannel) => void): Promise<Server> {
  const listening = createServer((socket) => {
    const host = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
      client.on('error', () => {})
      client.on('authentication', (login) => login.accept())
      client.on('session', (accept) => {
        accept().on('exec', (acceptExec, _reject, { command }) => {
          const marker = `${/lautta-[0-9a-f]+/.exec(command)?.[0]}\n`
          const channel = acceptExec()
          channel.stderr.write(marker)
          channel.write(marker)
          reply(channel)
          socket.end()
        })
      })
    })
    host.injectSocket(socket)
  }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return listening
}

let folder: PrivateFolder
beforeAll(async () => {
  folder = await makePrivateFolder('lautta-lost')
  writeFileSync(join(folder.path, 'key'), keys.private)
})
afterAll(() => folder.remove())

describe.each(replies)('a connection that is lost after %s', (_sent, reply) => {
  let host: Server
  let shell: RemoteShell
  beforeEach(async () => {
    host = await startHost(reply)
    shell = createSshShell({
      hosts: [{ host: '127.0.0.1', port: (host.address() as AddressInfo).port }],
      hostKeys: [keys.public],
      credential: { username: 'u', privateKeyFile: join(folder.path, 'key') }
    })
  })
  afterEach(async () => {
    await shell.close()
    host.close()
  })

  it('never lets the output pass for all of it', async () => {
    for (let round = 0; round < 3; round++) {
      const run = (hasEffect: boolean) => runCommand(shell, { argv: ['x'], hasEffect, parse: (output) => output })
      await expect(run(false)).rejects.toThrow('x: the connection was lost')
      await expect(run(false)).rejects.toThrow(UnavailableError)
      await expect(run(true)).rejects.toThrow(UnknownOutcomeError)
    }
  })
  it('never lets half of a file pass for the file', async () => {
    for (let round = 0; round < 3; round++) {
      const { content } = readFile(shell, 'x')
      await expect(content.toArray()).rejects.toThrow('reading x was interrupted')
      await expect(readTextFile(shell, 'x', 100)).rejects.toThrow(UnavailableError)
      await expect(measureFiles(shell, ['x'])).rejects.toThrow(UnavailableError)
      const parts = readFileParts(shell, [{ path: 'x', offset: 0, usedBytes: 100 }], 100)
      await expect(parts.next()).rejects.toThrow('reading x was interrupted')
    }
  })
  it('gives back the places of its commands, though nobody reads what they printed', async () => {
    const end = async () => (await shell.start(['x'])).ended
    const ends = Array.from({ length: 20 }, () => expect(end()).rejects.toThrow('the connection was lost'))
    await Promise.all(ends)
  })
})
