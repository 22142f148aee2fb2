import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '../src/config.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lautta-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function withFile(yaml: string, environment: Record<string, string> = {}): Record<string, string> {
  writeFileSync(join(folder, 'lautta.yaml'), yaml)
  return { LAUTTA_DATA_DIR: join(folder, 'data'), LAUTTA_CONFIG: join(folder, 'lautta.yaml'), ...environment }
}
function complaints(environment: Record<string, string>, standalone = true): readonly string[] {
  try {
    loadConfig({ standalone }, environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.complaints
    throw error
  }
}

describe('the embedded defaults', () => {
  it('offer platform local to one administrator, with keys that only its owner can read', () => {
    const config = loadConfig({ standalone: true }, { LAUTTA_DATA_DIR: join(folder, 'data') })
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 7600,
      redis: null,
      bucketPrefix: 'mlch',
      users: [{ name: 'local', slug: 'local', isAdmin: true }]
    })
    expect(config.platforms.map(({ name }) => name)).toEqual(['local', 'roihu-cpu', 'roihu-gpu', 'lumi', 'mahti', 'puhti'])
    for (const name of ['api-key', 'master-key']) {
      expect(statSync(join(folder, 'data', name)).mode & 0o777).toBe(0o600)
      expect(readFileSync(join(folder, 'data', name), 'utf8').trim().length).toBeGreaterThan(40)
    }
  })
  it('keep the keys that were made', () => {
    const load = () => loadConfig({ standalone: true }, { LAUTTA_DATA_DIR: join(folder, 'data') })
    expect(load()).toEqual(load())
  })
  it('pass none of our settings on to jobs of this machine', () => {
    const config = loadConfig(
      { standalone: true },
      { LAUTTA_DATA_DIR: join(folder, 'data'), LAUTTA_API_KEY: 'a-key-of-16-chars', PATH: '/bin', LC_ALL: 'C', AWS_SECRET: 'x' }
    )
    expect(config.machineEnvironment).toEqual({ PATH: '/bin', LC_ALL: 'C' })
  })
})

describe('a secret', () => {
  it('in a file is as long as one in the environment', () => {
    writeFileSync(join(folder, 'empty'), '\n')
    const given = { LAUTTA_DATA_DIR: join(folder, 'data'), LAUTTA_MASTER_KEY_FILE: join(folder, 'empty') }
    expect(complaints(given)).toEqual([expect.stringMatching(/LAUTTA_MASTER_KEY.*at least 16 characters/)])
  })
  it('belongs to one user', () => {
    const users = `users: [{ name: a, api-key: the-same-key-for-two }, { name: b, api-key: the-same-key-for-two }, { name: a, api-key: another-key-for-it }]`
    expect(complaints(withFile(users))).toEqual(['users: b has the API key of another user', 'users: a stands there twice'])
  })
})

describe('lautta.yaml', () => {
  it('adds platforms over their profiles, users, and paths beside itself', () => {
    const config = loadConfig(
      { standalone: true },
      withFile(`
store: { kind: folder, path: objects, bucket-prefix: team }
users: [{ name: User@Example.com, api-key: 0123456789abcdef }]
secrets-folder: secrets
platforms:
  mahti: { account: project_1, credentials: { User@Example.com: { username: csc, private-key-file: keys/id } } }
  mine: { hosts: [{ host: 127.0.0.1, port: 2222 }], host-keys: [ssh-ed25519 AAAA], poll-seconds: 1 }
`)
    )
    expect(config).toMatchObject({
      bucketPrefix: 'team',
      secretsFolder: join(folder, 'secrets'),
      store: { path: join(folder, 'objects') }
    })
    expect(config.users).toEqual([
      {
        name: 'User@Example.com',
        slug: 'user-example-com',
        isAdmin: false,
        apiKey: '0123456789abcdef',
        adoptsFromBucket: true,
        adoptsForThisMachine: false
      }
    ])
    const platform = (name: string) => config.platforms.find((one) => one.name === name)
    expect(platform('mahti')).toMatchObject({
      hosts: [{ host: 'mahti.csc.fi', port: 22 }],
      account: 'project_1',
      pollSeconds: 60
    })
    expect(platform('mahti')?.credentials).toEqual({
      'User@Example.com': { username: 'csc', privateKeyFile: join(folder, 'keys/id') }
    })
    expect(platform('mine')).toMatchObject({ kind: 'slurm', hosts: [{ host: '127.0.0.1', port: 2222 }], pollSeconds: 1 })
  })
  it('finds the files of a login beside itself, and refuses two passphrases', () => {
    const mine = (more: string) => {
      const credential = `{ username: csc, private-key-file: id, certificate-file: id-cert.pub, ${more} }`
      const text = `platforms: { mine: { known-hosts-file: known_hosts, credentials: { u: ${credential} } } }`
      return loadConfig({ standalone: true }, withFile(text)).platforms.find(({ name }) => name === 'mine')
    }
    const files = { privateKeyFile: join(folder, 'id'), certificateFile: join(folder, 'id-cert.pub') }
    expect(mine('passphrase-file: secret')).toMatchObject({
      knownHostsFile: join(folder, 'known_hosts'),
      credentials: { u: { username: 'csc', ...files, passphraseFile: join(folder, 'secret') } }
    })
    expect(mine('passphrase: x')?.credentials.u).toMatchObject({ ...files, passphrase: 'x' })
    expect(() => mine('passphrase-file: secret, passphrase: x')).toThrow(/passphrase or passphrase-file, not both/)
  })
  it('makes a platform of each Ray cluster, with its token beside itself', () => {
    const clusters = `ray-clusters:
  bare: { dashboard: http://127.0.0.1:8265 }
  local-1: { dashboard: https://ray.example.com/ray, client: ray://127.0.0.1:10001, token-file: token, poll-seconds: 5 }`
    const { platforms } = loadConfig({ standalone: true }, withFile(clusters))
    const ray = platforms.filter(({ kind }) => kind === 'ray')
    const nothing = { client: null, serve: null, metrics: [], tokenFile: null }
    expect(ray).toMatchObject([
      { name: 'bare', transport: 'http', pollSeconds: 2, ray: { ...nothing, dashboard: 'http://127.0.0.1:8265' } },
      { name: 'local-1', pollSeconds: 5, ray: { client: 'ray://127.0.0.1:10001', tokenFile: join(folder, 'token') } }
    ])
    expect(platforms.filter((one) => one.ray !== null)).toEqual(ray)
  })
  it('says where jobs reach the API, without a slash behind it', () => {
    const urlIn = (text: string) => loadConfig({ standalone: true }, withFile(text)).publicUrl
    expect(urlIn('public-url: https://lautta.example.com/api/')).toBe('https://lautta.example.com/api')
    expect(urlIn('')).toBeNull()
    for (const url of ['ftp://lautta.example.com', 'lautta.example.com', 'https://lautta.example.com?x=1'])
      expect(complaints(withFile(`public-url: ${url}`))).toEqual([expect.stringMatching(/public-url/)])
  })
  it('may leave platform local out', () => {
    expect(loadConfig({ standalone: true }, withFile('local: false')).platforms.map(({ name }) => name)).not.toContain('local')
  })
  it('adopts from the bucket of an only user, and of those for whom it is switched on', () => {
    const adopting = (users: string, environment = {}) =>
      loadConfig({ standalone: true }, withFile(`users: [${users}]`, environment)).users.map((user) => user.adoptsFromBucket)
    const a = 'name: a, api-key: a-key-of-16-chars'
    const b = 'name: b, api-key: another-key-of-16'
    expect(adopting('')).toEqual([true])
    expect(adopting(`{ ${a} }`)).toEqual([true])
    expect(adopting(`{ ${a}, adopt-from-bucket: false }`)).toEqual([false])
    expect(adopting(`{ ${a} }, { ${b}, adopt-from-bucket: true }`)).toEqual([false, true])
    expect(adopting(`{ ${a} }`, { LAUTTA_API_KEY: 'a-third-key-of-16' })).toEqual([false, false])
  })
  it('lets adopted requests use this machine only from a folder of its own, or where it is said', () => {
    const adopting = (store: string, user: string) =>
      loadConfig({ standalone: true }, withFile(`store: { ${store} }\nusers: [${user}]`)).users[0]?.adoptsForThisMachine
    const folder = 'kind: folder'
    const shared = 'kind: s3, endpoint: "https://s3.example.com", access-key-id: a, secret-access-key: b'
    const admin = 'name: a, admin: true, api-key: a-key-of-16-chars'
    expect([adopting(folder, ''), adopting(folder, `{ ${admin} }`)]).toEqual([true, true])
    expect([adopting(shared, ''), adopting(shared, `{ ${admin} }`)]).toEqual([false, false])
    expect(adopting(shared, `{ ${admin}, adopt-from-bucket: true }`)).toBe(true)
    expect(adopting(shared, '{ name: a, api-key: a-key-of-16-chars, adopt-from-bucket: true }')).toBe(false)
  })
  it('is not shown where it can not be read: there may be a secret in it', () => {
    const told = complaints(withFile('users: [{ name: a, api-key: "a-key-of-16-chars \\q" }]\nstore: { password: @hunter2 }'))
    expect(told).toEqual([expect.stringMatching(/^LAUTTA_CONFIG: .*line 1/)])
    expect(told.join()).not.toMatch(/hunter2|a-key-of/)
  })
  it('reads secrets from files', () => {
    writeFileSync(join(folder, 'key'), 'a-key-from-a-file\n')
    const config = loadConfig(
      { standalone: true },
      withFile('users: [{ name: a, api-key-file: key }]', { LAUTTA_MASTER_KEY_FILE: join(folder, 'key') })
    )
    expect(config.users[0]?.apiKey).toBe('a-key-from-a-file')
    expect(config.masterKey).toBe('a-key-from-a-file')
  })
})

describe('wrong settings', () => {
  it('are told all at once, each with its name', () => {
    const found = complaints(
      withFile('plattforms: {}\nstore: { kind: tape }\nplatforms: { local: {}, x: { hosts: 3 } }', {
        LAUTTA_PORT: 'many',
        LAUTTA_LOG_LEVEL: 'loud'
      })
    )
    for (const words of [/LAUTTA_PORT/, /LAUTTA_LOG_LEVEL/]) expect(found.some((complaint) => words.test(complaint))).toBe(true)
    const inFile = complaints(withFile('plattforms: {}\nstore: { kind: tape }\nplatforms: { local: {}, x: { hosts: 3 } }'))
    for (const words of [
      /plattforms: unknown key/,
      /store\.kind/,
      /platforms\.local: platform local needs no configuration/,
      /platforms\.x\.hosts/
    ]) {
      expect(inFile.some((complaint) => words.test(complaint))).toBe(true)
    }
  })
  it('are Ray clusters with the name of a platform, and addresses that are none', () => {
    const entry = '{ dashboard: http://127.0.0.1:8265 }'
    const text = `platforms: { mine: {} }\nray-clusters: { mine: ${entry}, lumi: ${entry}, local: ${entry}, other: ${entry} }`
    expect(complaints(withFile(text))).toEqual(
      ['mine', 'lumi', 'local'].map((name) => `ray-clusters: ${name} is the name of another platform`)
    )
    const found = complaints(withFile('ray-clusters: { x: { dashboard: "127.0.0.1:8265", client: "http://x", port: 1 } }'))
    for (const words of [/x\.dashboard/, /x\.client: write an address like ray:/, /x\.port: unknown key/])
      expect(found.some((complaint) => words.test(complaint))).toBe(true)
  })
  it('are a remote forward to where no private key may lie, without a host key, or with too few ports', () => {
    const forward = (more: string) => `remote-forward: { host: h, user: u, private-key-file: k, ${more} }`
    const good = forward('host-keys: ["ssh-ed25519 AAAA"], ports: 8401-8403')
    expect(complaints(withFile(`platforms: { mine: { ${good} }, mahti: { ${good} }, lumi: { ${good} } }`))).toEqual([
      'platforms: lumi: no private key may lie there, so there can be no remote-forward'
    ])
    const found = complaints(withFile(`platforms: { x: { ${forward('host-keys: ["SHA256:AAAA"], ports: 8401-8402')} } }`))
    for (const words of [/host-keys.*write a line like ssh-ed25519/, /ports: each cluster takes three ports/])
      expect(found.some((complaint) => words.test(complaint))).toBe(true)
  })
  it('are two users who would share their buckets', () => {
    expect(
      complaints(withFile('users: [{ name: a.b, api-key: 0123456789abcdef }, { name: A-B, api-key: fedcba9876543210 }]'))
    ).toEqual(['users: A-B and a.b would share the buckets of a-b; give one of them another bucket-user'])
  })
  it('are a file that is not there, or no YAML', () => {
    expect(complaints({ LAUTTA_DATA_DIR: folder, LAUTTA_CONFIG: join(folder, 'nowhere') })[0]).toMatch(/LAUTTA_CONFIG: ENOENT/)
    expect(complaints(withFile('a: [1'))[0]).toMatch(/LAUTTA_CONFIG: .*line 1/)
    expect(complaints(withFile('users: [{ name: a, api-key-file: nowhere }]'))[0]).toMatch(/users: a: api-key-file: ENOENT/)
  })
  it('are missing keys and Redis of a service alone, which shares them with others', () => {
    expect([...complaints({ LAUTTA_DATA_DIR: folder }, false)].sort()).toEqual([
      'LAUTTA_API_KEY: give it, or LAUTTA_API_KEY_FILE',
      'LAUTTA_MASTER_KEY: give it, or LAUTTA_MASTER_KEY_FILE',
      'LAUTTA_REDIS_URL: give it, or redis.url in the configuration'
    ])
  })
})
