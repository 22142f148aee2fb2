import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { UnavailableError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../test/servers/free-port.ts'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { probeShell } from '../src/probe.ts'
import { runCommand } from '../src/run-command.ts'
import { connectionStepOf } from '../src/ssh/connection-step.ts'
import { fingerprintOf } from '../src/ssh/host-keys.ts'
import type { SshTarget } from '../src/ssh/open-connection.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'
import { targetOf } from './open-test-shell.ts'
import { makeKey } from './ssh-keys.ts'

const isInstalled = requireCommands(sshCommands)
let server: SshServer
let stranger: SshServer
let folder: PrivateFolder
beforeAll(async () => {
  if (!isInstalled) return
  ;[server, stranger, folder] = await Promise.all([startSshServer(), startSshServer(), makePrivateFolder('lautta-hosts')])
})
afterAll(async () => {
  await Promise.all([server?.stop(), stranger?.stop(), folder?.remove()])
})

/** What becomes of one command. */
async function attempt(change: Partial<SshTarget>): Promise<unknown> {
  const shell = createSshShell({ ...targetOf(server), ...change })
  try {
    return await runCommand(shell, { argv: ['echo', 'hi'], hasEffect: true, parse: ({ stdout }) => stdout })
  } catch (error) {
    return error
  } finally {
    await shell.close()
  }
}

const knownHosts = (text: string) => {
  const path = join(folder.path, 'known_hosts')
  writeFileSync(path, text)
  return { hostKeys: [], knownHostsFile: path }
}
const named = (keys: readonly string[]) => keys.map((key) => `[${server.host}]:${server.port} ${key}\n`).join('')
const fingerprints = () => server.hostKeys.map((line) => fingerprintOf(Buffer.from(line.split(' ')[1] ?? '', 'base64')))

describe.skipIf(!isInstalled)('a host', () => {
  it('is known by one of its keys, of whatever type, though it has others', async () => {
    expect(server.hostKeys).toHaveLength(3)
    for (const key of server.hostKeys) {
      expect(await attempt({ hostKeys: [key] })).toBe('hi\n')
      expect(await attempt(knownHosts(named([key])))).toBe('hi\n')
    }
  })
  it('is known by the fingerprint of the key that it shows first', async () => {
    expect(await attempt({ hostKeys: fingerprints().slice(0, 1) })).toBe('hi\n')
  })
  it('is known by a file whose names ssh-keygen has hashed', async () => {
    const { knownHostsFile, hostKeys } = knownHosts(named(server.hostKeys))
    execFileSync('ssh-keygen', ['-q', '-H', '-f', knownHostsFile], { stdio: 'ignore' })
    expect(await attempt({ knownHostsFile, hostKeys })).toBe('hi\n')
  })
  it('of which no key is pinned is refused with its fingerprint and type, and what to do', async () => {
    for (const change of [{ hostKeys: [] }, knownHosts(`elsewhere ${server.hostKeys[0]}\n`)]) {
      const refusal = await attempt(change)
      expect(refusal).toBeInstanceOf(UnavailableError)
      expect(refusal).toMatchObject({
        message: expect.stringContaining('none is pinned'),
        hint: expect.stringMatching(/host-keys/)
      })
      expect(String(refusal)).toContain(`${fingerprints()[0]} (ssh-ed25519)`)
      expect(connectionStepOf(refusal)).toBe('host-key')
    }
  })
  it('whose key is another than the pinned one is refused in other words', async () => {
    for (const change of [{ hostKeys: stranger.hostKeys }, knownHosts(named(stranger.hostKeys))]) {
      const refusal = await attempt(change)
      expect(String(refusal)).toMatch(
        /SHA256:\S+ \(ssh-ed25519\), which is not one of the keys pinned for it: its key has changed/
      )
      expect(connectionStepOf(refusal)).toBe('host-key')
    }
  })
  it('whose key is revoked is refused, though the key is pinned', async () => {
    const { knownHostsFile } = knownHosts(`@revoked * ${server.hostKeys[0]}\n`)
    expect(String(await attempt({ knownHostsFile }))).toMatch(/is revoked/)
    expect(await attempt({ knownHostsFile, hostKeys: server.hostKeys.slice(1) })).toBe('hi\n')
  })
  it('is not asked when the file of known hosts can not be read', async () => {
    const refusal = await attempt({ knownHostsFile: join(folder.path, 'none') })
    expect(String(refusal)).toMatch(/the known-hosts-file can not be read/)
    expect(connectionStepOf(refusal)).toBe('host-key')
  })
})

describe.skipIf(!isInstalled)('a probe', () => {
  const probe = async (change: Partial<SshTarget>) => {
    const shell = createSshShell({ ...targetOf(server), ...change })
    const steps = await probeShell(shell)
    await shell.close()
    return steps.map(({ step, isOk, detail }) => (isOk ? step : `${step}: ${detail}`))
  }
  it('tells all steps when all is well', async () => {
    expect(await probe({})).toEqual(['name', 'tcp', 'host-key', 'login', 'shell'])
  })
  it('uses the connection that is there', async () => {
    const shell = createSshShell(targetOf(server))
    const logins = async () => (await server.words()).split('Accepted publickey for').length
    await runCommand(shell, { argv: ['true'], parse: () => {} })
    const before = await logins()
    await probeShell(shell)
    expect(await logins()).toBe(before)
    await shell.close()
  })
  it('ends with a name that nobody knows', async () => {
    expect(await probe({ hosts: [{ host: 'login.invalid', port: 22 }] })).toEqual([
      expect.stringMatching(/^name: .*login\.invalid/)
    ])
  })
  it('ends with a port at which nobody listens, or speaks another language', async () => {
    const closed = { host: '127.0.0.1', port: await freePort() }
    expect(await probe({ hosts: [closed] })).toEqual(['name', expect.stringMatching(/^tcp: .*ECONNREFUSED/)])
    const web = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    const { port } = web.address() as AddressInfo
    expect(await probe({ hosts: [{ host: '127.0.0.1', port }] })).toEqual(['name', expect.stringMatching(/^tcp: /)])
    web.close()
  })
  it('ends with a host key that is not pinned', async () => {
    expect(await probe({ hostKeys: [] })).toEqual(['name', 'tcp', expect.stringMatching(/^host-key: .*none is pinned/)])
  })
  it('ends with a login that the host refuses', async () => {
    const credential = { username: 'csc', privateKeyFile: makeKey(folder.path, 'stranger') }
    expect(await probe({ credential })).toEqual([
      'name',
      'tcp',
      'host-key',
      expect.stringMatching(/^login: csc@.* does not accept/)
    ])
  })
  it('tells of a credential that can not serve, and of no host, which was not asked', async () => {
    const credential = { username: 'csc', privateKeyFile: join(folder.path, 'missing') }
    expect(await probe({ credential })).toEqual([expect.stringMatching(/^login: the private key can not be read/)])
  })
  it('ends with a shell that does not run commands', async () => {
    const closed = await startSshServer({ loginShell: '/usr/sbin/nologin' })
    const shell = createSshShell(targetOf(closed))
    const steps = await probeShell(shell)
    expect(steps.map(({ step, isOk }) => [step, isOk])).toEqual([
      ...['name', 'tcp', 'host-key', 'login'].map((step) => [step, true]),
      ['shell', false]
    ])
    expect(steps.at(-1)?.detail).toMatch(/not available/)
    await shell.close()
    await closed.stop()
  })
  it('passes on what is no failure of a connection with no step', () => {
    expect(connectionStepOf(new Error('x'))).toBeNull()
    expect(connectionStepOf(Object.assign(new UnavailableError('x'), { connectionStep: 'moon' }))).toBeNull()
    expect(connectionStepOf(null)).toBeNull()
  })
})
