import { copyFileSync, renameSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { runCommand } from '../src/run-command.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'
import { targetOf } from './open-test-shell.ts'
import { makeKey } from './ssh-keys.ts'

const isInstalled = requireCommands(sshCommands)
let server: SshServer
let folder: PrivateFolder
beforeAll(async () => {
  if (!isInstalled) return
  ;[server, folder] = await Promise.all([startSshServer(), makePrivateFolder('lautta-failed')])
})
afterAll(async () => {
  await Promise.all([server?.stop(), folder?.remove()])
})

const connections = async () => [...(await server.words()).matchAll(/^Connection from/gm)].length
const sayHi = (shell: RemoteShell) => runCommand(shell, { argv: ['echo', 'hi'], parse: ({ stdout }) => stdout })

/** 200 commands that wait for one connection, and one that comes when they have failed: the different words of all. */
async function failAll(shell: RemoteShell): Promise<string[]> {
  const words = new Set<string>()
  const tell = (error: unknown) => void words.add(String(error))
  await Promise.all(Array.from({ length: 200 }, () => sayHi(shell).catch(tell)))
  await sayHi(shell).catch(tell)
  return [...words]
}

describe.skipIf(!isInstalled)('a connection that fails', () => {
  it('fails once for all who wait for it: a host that hangs up', async () => {
    let calls = 0
    const rude = createServer((socket) => {
      calls++
      socket.on('error', () => {}).destroy()
    })
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve))
    const hosts = [{ host: '127.0.0.1', port: (rude.address() as AddressInfo).port }]
    const shell = createSshShell({ ...targetOf(server), hosts })
    expect(await failAll(shell)).toEqual([expect.stringMatching(/^UnavailableError: csc@127\.0\.0\.1/)])
    expect(calls).toBe(1)
    await shell.close()
    rude.close()
  })
  it('fails once for all who wait for it: a host key that has changed', async () => {
    const before = await connections()
    const hostKeys = ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']
    const shell = createSshShell({ ...targetOf(server), hostKeys })
    expect(await failAll(shell)).toEqual([expect.stringContaining('its key has changed')])
    expect((await connections()) - before).toBe(1)
    await shell.close()
  })
  it('fails once for all who wait for it: a login that is refused, until another key is in its file', async () => {
    const before = await connections()
    const privateKeyFile = makeKey(folder.path, 'unknown')
    const shell = createSshShell({ ...targetOf(server), credential: { username: 'csc', privateKeyFile } })
    expect(await failAll(shell)).toEqual([expect.stringContaining('does not accept the key')])
    expect((await connections()) - before).toBe(1)
    copyFileSync(server.privateKeyFile, join(folder.path, 'next'))
    renameSync(join(folder.path, 'next'), privateKeyFile)
    expect(await sayHi(shell)).toBe('hi\n')
    await shell.close()
  })
  it('is not remembered when it was our own files that could not serve: they are read again', async () => {
    const privateKeyFile = join(folder.path, 'late')
    const shell = createSshShell({ ...targetOf(server), credential: { username: 'csc', privateKeyFile } })
    await expect(sayHi(shell)).rejects.toThrow('the private key can not be read')
    copyFileSync(server.privateKeyFile, privateKeyFile)
    expect(await sayHi(shell)).toBe('hi\n')
    await shell.close()
  })
})
