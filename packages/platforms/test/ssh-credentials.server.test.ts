import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CredentialsError, UnknownOutcomeError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { until } from '../../../test/support/until.ts'
import { runCommand } from '../src/run-command.ts'
import { type CredentialSettings, readCredential } from '../src/ssh/read-credential.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'
import { targetOf } from './open-test-shell.ts'
import { type KeyOptions, makeKey, signKey } from './ssh-keys.ts'

const isInstalled = requireCommands(sshCommands)
let folder: PrivateFolder
let authority: string
/** Takes plain keys. */
let server: SshServer
/** Takes certificates only. */
let certified: SshServer
beforeAll(async () => {
  if (!isInstalled) return
  folder = await makePrivateFolder('lautta-credentials')
  authority = makeKey(folder.path, 'authority')
  server = await startSshServer()
  certified = await startSshServer({ trustedUserCa: readFileSync(`${authority}.pub`, 'utf8') })
})
afterAll(async () => {
  await Promise.all([server?.stop(), certified?.stop(), folder?.remove()])
})

const open = (host: SshServer, credential: Partial<CredentialSettings>) => {
  const target = targetOf(host)
  return createSshShell({ ...target, credential: { ...target.credential, ...credential } })
}
const sayHi = async (host: SshServer, credential: Partial<CredentialSettings>) => {
  const shell = open(host, credential)
  try {
    return await runCommand(shell, { argv: ['echo', 'hi'], parse: ({ stdout }) => stdout })
  } finally {
    await shell.close()
  }
}
const logins = async (words = /^Accepted publickey/gm) => [...(await certified.words()).matchAll(words)].length

describe.skipIf(!isInstalled)('a private key', () => {
  const kinds: [string, KeyOptions][] = [
    ['ed25519', {}],
    ['ed25519, encrypted', { passphrase: 'open sesame' }],
    ['RSA', { type: 'rsa' }],
    ['RSA, encrypted', { type: 'rsa', passphrase: 'open sesame' }],
    ['RSA in PEM', { type: 'rsa', format: 'PEM' }],
    ['RSA in PEM, encrypted', { type: 'rsa', format: 'PEM', passphrase: 'open sesame' }]
  ]
  it.each(kinds)('logs in: %s', async (kind, options) => {
    const privateKeyFile = makeKey(folder.path, kind, options)
    appendFileSync(join(server.home, '.ssh/authorized_keys'), readFileSync(`${privateKeyFile}.pub`))
    expect(await sayHi(server, { privateKeyFile, passphrase: options.passphrase })).toBe('hi\n')
  })
  it.each(kinds.filter(([, { passphrase }]) => passphrase !== undefined))('needs its passphrase: %s', async (kind, options) => {
    const privateKeyFile = makeKey(folder.path, `closed ${kind}`, options)
    const credential = { username: 'csc', privateKeyFile }
    await expect(readCredential(credential)).rejects.toThrow('is encrypted, and there is no passphrase for it')
    await expect(readCredential(credential)).rejects.toThrow(CredentialsError)
    const wrong = await readCredential({ ...credential, passphrase: 'open barley' }).catch((error: unknown) => error)
    expect(wrong).toBeInstanceOf(CredentialsError)
    expect(String(wrong)).toContain('the passphrase does not open the private key')
    expect(JSON.stringify(wrong) + String(wrong)).not.toContain('barley')
    const passphraseFile = join(folder.path, 'passphrase')
    writeFileSync(passphraseFile, 'open sesame\n')
    expect(await readCredential({ ...credential, passphraseFile })).toMatchObject({ username: 'csc', validUntil: null })
  })
  it('that is encrypted is slow to open, but once only, also with a wrong passphrase', async () => {
    const privateKeyFile = makeKey(folder.path, 'slow', { passphrase: 'x' })
    const milliseconds = async (passphrase: string) => {
      const before = process.cpuUsage()
      await readCredential({ username: 'csc', privateKeyFile, passphrase }).catch(() => {})
      return process.cpuUsage(before).user / 1000
    }
    for (const passphrase of ['x', 'wrong']) {
      expect(await milliseconds(passphrase)).toBeGreaterThan(10 * (await milliseconds(passphrase)))
    }
  })
  it('that is missing, no key, a public key, or in a format that is not read, is told so', async () => {
    const read = (privateKeyFile: string) => readCredential({ username: 'csc', privateKeyFile })
    const nothing = join(folder.path, 'nothing')
    writeFileSync(nothing, 'no key')
    await expect(read(join(folder.path, 'missing'))).rejects.toThrow(/the private key can not be read: ENOENT/)
    await expect(read(nothing)).rejects.toThrow(/can not be read/)
    await expect(read(`${authority}.pub`)).rejects.toThrow(/holds a public key, not the private one/)
    await expect(read(makeKey(folder.path, 'pkcs8', { type: 'rsa', format: 'PKCS8' }))).rejects.toMatchObject({
      name: 'CredentialsError',
      isRefusedByHost: false,
      hint: expect.stringContaining('ssh-keygen -p')
    })
  })
  it('that the host does not accept is told from one that was not shown to it', async () => {
    const refused = sayHi(server, { privateKeyFile: makeKey(folder.path, 'unknown') })
    await expect(refused).rejects.toMatchObject({ name: 'CredentialsError', isRefusedByHost: true })
    await expect(sayHi(server, { privateKeyFile: join(folder.path, 'none') })).rejects.toMatchObject({ isRefusedByHost: false })
  })
})

describe.skipIf(!isInstalled)('a user certificate', () => {
  const make = (name: string, validity: string, options: KeyOptions = {}, more: string[] = []) => {
    const privateKeyFile = makeKey(folder.path, name, options)
    const certificateFile = signKey(authority, privateKeyFile, ['-n', 'csc', '-V', validity, ...more])
    return { privateKeyFile, certificateFile, passphrase: options.passphrase }
  }
  it.each(['ed25519', 'rsa'] as const)('logs in by itself: %s (an upgrade of ssh2 may break this)', async (type) => {
    const { certificateFile, ...key } = make(`certified ${type}`, '-1m:+2m', { type })
    await expect(sayHi(certified, key)).rejects.toMatchObject({ name: 'CredentialsError', isRefusedByHost: true })
    expect(await sayHi(certified, { ...key, certificateFile })).toBe('hi\n')
    expect(await sayHi(certified, make(`encrypted ${type}`, '-1m:+2m', { type, passphrase: 'x' }))).toBe('hi\n')
  })
  it('of another authority is refused by the host', async () => {
    const privateKeyFile = makeKey(folder.path, 'foreign')
    const certificateFile = signKey(makeKey(folder.path, 'foreign authority'), privateKeyFile, ['-n', 'csc', '-V', '-1m:+2m'])
    const refused = sayHi(certified, { privateKeyFile, certificateFile })
    await expect(refused).rejects.toMatchObject({ name: 'CredentialsError', isRefusedByHost: true })
  })
  it('that can not serve is not shown to any host', async () => {
    const connections = () => logins(/^Connection from/gm)
    const before = await connections()
    const { privateKeyFile } = make('mismatch', '-1m:+2m')
    const { certificateFile } = make('other', '-1m:+2m')
    await expect(sayHi(certified, { privateKeyFile, certificateFile })).rejects.toThrow('made for another key')
    await expect(sayHi(certified, make('ended', '20240101:20240102'))).rejects.toThrow('ended at 2024-01-02')
    await expect(sayHi(certified, make('early', '20990101:20990102'))).rejects.toThrow('is not valid before 2099-01-01')
    await expect(sayHi(certified, { username: 'root', ...make('whose', '-1m:+2m') })).rejects.toThrow(
      'is not for root: it is for csc'
    )
    await expect(sayHi(certified, { privateKeyFile, certificateFile: privateKeyFile })).rejects.toThrow(
      /certificate .* can not be read/
    )
    expect(await connections()).toBe(before)
  })
  it('tells when it ends', async () => {
    const ends = await readCredential({ username: 'csc', ...make('ends', '20240101000000Z:20340102030405Z') })
    expect(ends.validUntil).toEqual(new Date('2034-01-02T03:04:05Z'))
    expect((await readCredential({ username: 'csc', ...make('endless', 'always:forever') })).validUntil).toBeNull()
  })
  it('ends its connection with itself, and the next one is used without a new start', async () => {
    const credential = make('short', '-1m:+4s')
    const shell = open(certified, credential)
    const run = (argv: string[]) => runCommand(shell, { argv, hasEffect: true, parse: ({ stdout }) => stdout })
    const { validUntil } = await readCredential({ username: 'csc', ...credential })
    const long = run(['sleep', '60'])
    await expect(long).rejects.toThrow(UnknownOutcomeError)
    await expect(long).rejects.toThrow('the connection was lost')
    expect(Date.now()).toBeGreaterThanOrEqual(Number(validUntil))
    const ended = run(['echo', 'hi'])
    await expect(ended).rejects.toThrow(/ended at/)
    await expect(ended).rejects.toThrow(CredentialsError)
    signKey(authority, credential.privateKeyFile, ['-n', 'csc', '-V', '-1m:+2m'])
    expect(await run(['echo', 'hi'])).toBe('hi\n')
    await shell.close()
  })
  it('that replaces another one is used at once, while commands go on under the old one', async () => {
    const credential = make('first', '-1m:+5m', {}, ['-z', '41'])
    const shell = open(certified, credential)
    const run = (argv: string[]) => runCommand(shell, { argv, parse: ({ stdout }) => stdout })
    const long = run(['sh', '-c', '>begun; until [ -e enough ]; do sleep 0.1; done; echo done'])
    await until(() => existsSync(join(certified.home, 'begun')))
    signKey(authority, credential.privateKeyFile, ['-n', 'csc', '-V', '-1m:+5m', '-z', '42'])
    expect(await logins(/serial 42/g)).toBe(0)
    await Promise.all([run(['true']), run(['true']), run(['true'])])
    expect(await logins(/^Accepted publickey.*serial 42/gm)).toBe(1)
    writeFileSync(join(certified.home, 'enough'), '')
    expect(await long).toBe('done\n')
    await shell.close()
  })
})
