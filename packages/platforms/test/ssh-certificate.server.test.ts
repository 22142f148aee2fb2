import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { CredentialsError } from '@lautta/core/errors'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { parseCertificate } from '../src/ssh/certificate.ts'
import { checkCertificate } from '../src/ssh/check-certificate.ts'
import { makeKey, signKey } from './ssh-keys.ts'

let folder: PrivateFolder
let authority: string
beforeAll(async () => {
  folder = await makePrivateFolder('lautta-certificates')
  authority = makeKey(folder.path, 'authority')
})
afterAll(() => folder?.remove())

const times = ['-V', '20240102030405Z:20340102030405Z']
const read = (path: string) => parseCertificate(readFileSync(path, 'utf8'))

describe.skipIf(!requireCommands(['ssh-keygen']))('an OpenSSH certificate', () => {
  it.each(['ed25519', 'rsa'] as const)('of type %s says what ssh-keygen reads in it', (type) => {
    const options = ['-n', 'csc,other', '-z', '77', '-O', 'force-command=/bin/true', '-O', 'source-address=10.0.0.0/8', ...times]
    const key = makeKey(folder.path, `key-${type}`, { type })
    const path = signKey(authority, key, options)
    const certificate = read(path)
    const listing = execFileSync('ssh-keygen', ['-L', '-f', path], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } })
    const time = (date: Date | null) => date?.toISOString().slice(0, 19)
    expect(listing).toContain(`Type: ${certificate.keyType}-cert-v01@openssh.com ${certificate.kind} certificate`)
    expect(listing).toContain(`Key ID: "${certificate.keyId}"`)
    expect(listing).toContain(`Serial: ${certificate.serial}`)
    expect(listing).toContain(`Valid: from ${time(certificate.validAfter)} to ${time(certificate.validBefore)}`)
    expect(
      listing
        .match(/Principals: \n([\s\S]*?)\n +Critical/)?.[1]
        ?.split('\n')
        .map((line) => line.trim())
    ).toEqual(certificate.principals)
    for (const [name, content] of Object.entries(certificate.criticalOptions)) expect(listing).toContain(`${name} ${content}`)
    expect(Object.keys(certificate.criticalOptions)).toEqual(['force-command', 'source-address'])
    const publicKey = readFileSync(`${key}.pub`, 'utf8').split(' ')[1]
    expect(certificate.publicKey.toString('base64')).toBe(publicKey)
  })
  it('may have no time at all', () => {
    const certificate = read(signKey(authority, makeKey(folder.path, 'for-ever'), ['-n', 'csc', '-V', 'always:forever']))
    expect([certificate.validAfter, certificate.validBefore]).toEqual([null, null])
  })
  it('that is something else, or cut off anywhere, is an error that says so', () => {
    const key = makeKey(folder.path, 'cut')
    const [type, base64 = ''] = readFileSync(signKey(authority, key, ['-n', 'csc', ...times]), 'utf8').split(' ')
    const blob = Buffer.from(base64, 'base64')
    expect(() => parseCertificate(readFileSync(`${key}.pub`, 'utf8'))).toThrow('it is not a line of an OpenSSH certificate')
    expect(() => parseCertificate('ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA')).toThrow('ssh-ed25519 and ssh-rsa can be used')
    for (let bytes = 0; bytes < blob.length; bytes++)
      expect(() => parseCertificate(`${type} ${blob.subarray(0, bytes).toString('base64')}`)).toThrow('it is cut off')
    expect(() => parseCertificate(`${type} ${Buffer.concat([blob, Buffer.of(0)]).toString('base64')}`)).toThrow('after its end')
  })
})

describe.skipIf(!requireCommands(['ssh-keygen']))('a certificate that can not serve', () => {
  const now = new Date('2030-01-01T00:00:00Z')
  const publicKeyOf = (key: string) => {
    const parsed = ssh2.utils.parseKey(readFileSync(`${key}.pub`))
    if (parsed instanceof Error) throw parsed
    return parsed.getPublicSSH()
  }
  const check = (name: string, options: string[], use: { username?: string; publicKey?: Buffer; now?: Date } = {}) => {
    const key = makeKey(folder.path, name)
    const certificate = read(signKey(authority, key, [...options, ...times]))
    return () => checkCertificate(certificate, { username: 'csc', publicKey: publicKeyOf(key), now, ...use })
  }

  it('is told from one that can', () => {
    expect(check('good', ['-n', 'other,csc'])).not.toThrow()
  })
  it('was made for another key', () => {
    const other = publicKeyOf(makeKey(folder.path, 'another'))
    expect(check('own', ['-n', 'csc'], { publicKey: other })).toThrow('was made for another key than the private key')
  })
  it('is for a host', () => {
    expect(check('host', ['-h', '-n', 'csc'])).toThrow('is for a host, not for a user')
  })
  it('is for somebody else, or for nobody', () => {
    expect(check('else', ['-n', 'a,b'])).toThrow('is not for csc: it is for a, b')
    expect(check('nobody', [])).toThrow('is not for csc: it is for nobody')
  })
  it('is not valid yet, or not any more, from the very second on', () => {
    expect(check('early', ['-n', 'csc'], { now: new Date('2024-01-02T03:04:04.999Z') })).toThrow(
      'is not valid before 2024-01-02T03:04:05.000Z'
    )
    expect(check('first', ['-n', 'csc'], { now: new Date('2024-01-02T03:04:05Z') })).not.toThrow()
    expect(check('last', ['-n', 'csc'], { now: new Date('2034-01-02T03:04:04.999Z') })).not.toThrow()
    expect(check('late', ['-n', 'csc'], { now: new Date('2034-01-02T03:04:05Z') })).toThrow('ended at 2034-01-02T03:04:05.000Z')
  })
  it('allows one command only', () => {
    expect(check('forced', ['-n', 'csc', '-O', 'force-command=/bin/date'])).toThrow('allows one command only')
  })
  it('is a matter of credentials, found without asking a host', () => {
    try {
      check('asked', ['-n', 'a'])()
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(CredentialsError)
      expect(error).toMatchObject({ isRefusedByHost: false })
    }
  })
})
