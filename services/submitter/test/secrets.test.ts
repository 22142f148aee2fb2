import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isPrivateKey, readSecret } from '../src/secrets.ts'

let folder: string
let own: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-secrets-'))
  own = join(folder, 'user-example-com')
  await mkdir(join(own, 'deep'), { recursive: true })
  await mkdir(join(folder, 'user-example-com-2'))
  await writeFile(join(folder, 'user-example-com-2/theirs'), 'of another user')
  await writeFile(join(own, 'key'), 'whole\n')
  await writeFile(join(own, 'deep/parameters'), '{"integration": {"cloud-hpc": {"key": "from JSON", "port": 22}}}')
  await writeFile(join(own, 'parameters.yaml'), 'integration:\n  cloud-hpc: {key: from YAML}\n')
  await writeFile(join(own, '.env'), 'export CSC_USERNAME="csc"\nCSC_PASSWORD=a=b c\nCSC_PROJECT = "spaced"\n')
  await symlink(join(own, 'key'), join(own, 'link-inside'))
  await symlink(join(folder, 'user-example-com-2/theirs'), join(own, 'link-outside'))
  await symlink('/', join(own, 'root'))
})
afterAll(() => rm(folder, { recursive: true }))

const read = async (path: string, value = 'None') => (await readSecret(own, path, value)).toString()

describe('a secret of the user', () => {
  it('is the whole file, or a value in it, as seed 000 names them', async () => {
    expect(await read('key')).toBe('whole\n')
    expect(await read('/run/secrets/deep/parameters', 'integration/cloud-hpc/key')).toBe('from JSON')
    expect(await read('/run/secrets/deep/parameters', 'integration/cloud-hpc')).toBe('{"key":"from JSON","port":22}')
    expect(await read('parameters.yaml', 'integration/cloud-hpc/key')).toBe('from YAML')
    expect(await read('.env', 'CSC_USERNAME')).toBe('csc')
    expect(await read('.env', 'CSC_PASSWORD')).toBe('a=b c')
    expect(await read('.env', 'CSC_PROJECT')).toBe('spaced')
    expect(await read('link-inside')).toBe('whole\n')
  })
  it.each(['link-outside', 'root/etc/passwd', '../user-example-com-2/theirs', '.', 'nowhere', 'deep'])(
    'is nothing outside of the user’s own folder: %s',
    async (path) => {
      await expect(read(path)).rejects.toThrow(/local\/submitter has no/)
    }
  )
  it('that is not in the file is told without the words of the file', async () => {
    await expect(read('deep/parameters', 'integration/other')).rejects.toThrow(
      /^local\/submitter's deep\/parameters has no value integration\/other$/
    )
    await expect(read('.env', 'toString')).rejects.toThrow(/has no value toString$/)
  })
})

describe('a private key', () => {
  it.each([
    ['-----BEGIN OPENSSH PRIVATE KEY-----\n', true],
    ['comment\n-----BEGIN RSA PRIVATE KEY-----\n', true],
    ['-----BEGIN PRIVATE KEY-----\n', true],
    ['PuTTY-User-Key-File-3: ssh-ed25519\n', true],
    ['-----BEGIN CERTIFICATE-----\n', false],
    ['ssh-ed25519 AAAA', false]
  ])('is known by its first words: %j', (text, isKey) => {
    expect(isPrivateKey(Buffer.from(text))).toBe(isKey)
  })
})
