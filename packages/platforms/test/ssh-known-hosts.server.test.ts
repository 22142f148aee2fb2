import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { fingerprintOf, judgeHostKey, preferPinned } from '../src/ssh/host-keys.ts'
import { findKnownKeys } from '../src/ssh/known-hosts.ts'
import { makeKey } from './ssh-keys.ts'

let folder: PrivateFolder
let ed25519: string
let rsa: string
beforeAll(async () => {
  folder = await makePrivateFolder('lautta-known-hosts')
  const publicKey = (type: 'ed25519' | 'rsa') =>
    readFileSync(`${makeKey(folder.path, type, { type })}.pub`, 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ')
  ed25519 = publicKey('ed25519')
  rsa = publicKey('rsa')
})
afterAll(() => folder?.remove())

const blobOf = (line: string) => Buffer.from(line.split(' ')[1] ?? '', 'base64')

/** The keys by which ssh-keygen, the judge, knows a host. */
function judged(file: string, { host, port }: { host: string; port: number }): string[] {
  const name = port === 22 ? host : `[${host}]:${port}`
  const lines = spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' }).stdout.split('\n')
  return lines
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('@'))
    .map((line) => line.trim().split(' ').slice(1, 3).join(' '))
}

const hosts = [
  { host: 'login.example.com', port: 22 },
  { host: 'login.example.com', port: 2222 },
  { host: 'login1.example.com', port: 22 },
  { host: 'bad.example.com', port: 22 },
  { host: 'a.b.example.com', port: 22 },
  { host: 'loginxexample.com', port: 22 },
  { host: '192.0.2.7', port: 22 },
  { host: '2001:db8::7', port: 2222 },
  { host: 'elsewhere', port: 22 }
]

describe.skipIf(!requireCommands(['ssh-keygen']))('a known_hosts file', () => {
  it.each([
    ['plain names', 'login.example.com KEY comment'],
    ['a port', '[login.example.com]:2222 KEY'],
    ['lists', 'elsewhere,login.example.com,192.0.2.7 KEY'],
    ['wildcards', '*.example.com KEY'],
    ['single letters', 'login?.example.com KEY'],
    ['wildcards with a port', '[*.example.com]:2222 KEY'],
    ['exceptions', '*.example.com,!bad.example.com KEY'],
    ['exceptions that come first', '!bad.example.com,*.example.com KEY'],
    ['capital letters', 'LOGIN.Example.COM KEY'],
    ['addresses', '192.0.2.7,[2001:db8::7]:2222 KEY'],
    ['comments and empty lines', '# login.example.com KEY\n\n  elsewhere KEY'],
    ['nothing', '']
  ])('with %s is read as ssh-keygen reads it', (_what, text) => {
    const file = join(folder.path, 'known_hosts')
    writeFileSync(file, `${text.replaceAll('KEY', ed25519)}\n${text.replaceAll('KEY', rsa)}\n`)
    for (const host of hosts)
      expect(findKnownKeys(readFileSync(file, 'utf8'), host).pinned, JSON.stringify(host)).toEqual(judged(file, host))
  })
  it('is read when ssh-keygen has hashed its names', () => {
    const file = join(folder.path, 'hashed')
    writeFileSync(file, `login.example.com,192.0.2.7 ${ed25519}\n[login.example.com]:2222 ${rsa}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    const text = readFileSync(file, 'utf8')
    expect(text).not.toContain('example')
    for (const host of hosts) expect(findKnownKeys(text, host).pinned, JSON.stringify(host)).toEqual(judged(file, host))
    expect(findKnownKeys(text, { host: 'login.example.com', port: 2222 }).pinned).toEqual([rsa])
  })
  it('has revoked keys, and authorities, which are passed over', () => {
    const text = `@revoked * ${rsa}\n@cert-authority *.example.com ${ed25519}\n`
    expect(findKnownKeys(text, { host: 'login.example.com', port: 22 })).toEqual({ pinned: [], revoked: [rsa] })
  })
})

describe.skipIf(!requireCommands(['ssh-keygen']))('a host key', () => {
  it('has the fingerprint that ssh-keygen prints', () => {
    const listing = execFileSync('ssh-keygen', ['-lf', '-'], { input: ed25519, encoding: 'utf8' })
    expect(listing).toContain(fingerprintOf(blobOf(ed25519)))
  })
  it('is pinned by its line, by a line of ssh-keyscan, and by its fingerprint', () => {
    for (const pin of [ed25519, `login.example.com ${ed25519}`, fingerprintOf(blobOf(ed25519))])
      expect(judgeHostKey(blobOf(ed25519), { pinned: [rsa, pin], revoked: [] })).toBe('pinned')
  })
  it('is unknown where nothing is pinned, and has changed where something else is', () => {
    expect(judgeHostKey(blobOf(ed25519), { pinned: [], revoked: [] })).toBe('unknown')
    expect(judgeHostKey(blobOf(ed25519), { pinned: [rsa], revoked: [] })).toBe('changed')
  })
  it('is revoked even where it is pinned', () => {
    expect(judgeHostKey(blobOf(rsa), { pinned: [rsa], revoked: [rsa] })).toBe('revoked')
  })
  it('is asked for in a type that is pinned, and never with SHA-1', () => {
    expect(preferPinned({ pinned: [rsa], revoked: [] }).slice(0, 3)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519'])
    expect(preferPinned({ pinned: ['SHA256:abc'], revoked: [] })).toHaveLength(6)
    expect(preferPinned({ pinned: [rsa], revoked: [] })).not.toContain('ssh-rsa')
  })
})
