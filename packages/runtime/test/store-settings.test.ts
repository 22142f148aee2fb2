import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '../src/config.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lautta-config-'))
  writeFileSync(join(folder, 'secret'), 'a secret\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

function load(store: object, users: readonly object[] = []) {
  writeFileSync(join(folder, 'lautta.yaml'), JSON.stringify({ store, users }))
  const environment = { LAUTTA_DATA_DIR: join(folder, 'data'), LAUTTA_CONFIG: join(folder, 'lautta.yaml') }
  return loadConfig({ standalone: true }, environment)
}
function complaints(store: object, users: readonly object[] = []): readonly string[] {
  try {
    load(store, users)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.complaints.map((complaint) => complaint.replaceAll(folder, '…'))
    throw error
  }
}

const swift = { kind: 'swift', 'auth-url': 'https://keystone.example.com:5001/v3' }
const s3 = { kind: 's3', endpoint: 'https://s3.example.com', 'access-key-id': 'AK' }

describe('the store', () => {
  it('is Swift by an application credential, whose secret may lie in a file beside lautta.yaml', () => {
    const credential = { 'application-credential-id': 'id', 'application-credential-secret-file': 'secret' }
    expect(load({ ...swift, ...credential, endpoint: 'https://swift.example.com/swift/v1', region: 'one' }).store).toEqual({
      kind: 'swift',
      authUrl: 'https://keystone.example.com:5001/v3',
      endpoint: 'https://swift.example.com/swift/v1',
      region: 'one',
      credential: { kind: 'application-credential', id: 'id', secret: 'a secret' }
    })
  })
  it('is Swift by a password, in the domain Default unless told otherwise', () => {
    const login = { 'user-name': 'robot', password: 'pw', 'project-name': 'project_1' }
    expect(load({ ...swift, ...login }).store).toMatchObject({
      credential: {
        kind: 'password',
        userName: 'robot',
        password: 'pw',
        projectName: 'project_1',
        userDomainName: 'Default',
        projectDomainName: 'Default'
      }
    })
  })
  it("is Swift by the notebooks' own .env file", () => {
    const lines = [
      'CSC_USERNAME = "robot"',
      'CSC_PASSWORD = "pw"',
      'CSC_USER_DOMAIN_NAME = "Default"',
      'CSC_PROJECT_NAME = "project_1"'
    ]
    writeFileSync(join(folder, '.env'), lines.join('\n'))
    expect(load({ ...swift, 'env-file': '.env' }).store).toMatchObject({
      credential: { kind: 'password', userName: 'robot', password: 'pw', projectName: 'project_1' }
    })
    writeFileSync(join(folder, '.env'), lines.slice(0, 2).join('\n'))
    expect(complaints({ ...swift, 'env-file': '.env' })).toEqual([expect.stringMatching(/^store: env-file: .*CSC_PROJECT_NAME/)])
  })
  it('is S3 by an access key', () => {
    expect(load({ ...s3, 'secret-access-key-file': 'secret' }).store).toEqual({
      kind: 's3',
      endpoint: 'https://s3.example.com',
      region: 'us-east-1',
      accessKeyId: 'AK',
      secretAccessKey: 'a secret'
    })
  })
  it.each([
    ['without a credential', swift, /^store: give one of application-credential-id, user-name and env-file$/],
    ['with two credentials', { ...swift, 'user-name': 'a', 'env-file': '.env' }, /^store: give one of/],
    [
      'without the secret',
      { ...swift, 'application-credential-id': 'id' },
      /^store: give either application-credential-secret or application-credential-secret-file$/
    ],
    [
      'with a secret twice',
      { ...s3, 'secret-access-key': 'a', 'secret-access-key-file': 'secret' },
      /^store: give either secret-access-key or/
    ],
    [
      'with a file that is not there',
      { ...s3, 'secret-access-key-file': 'none' },
      /^store: secret-access-key-file: ENOENT.*none/
    ],
    ['without the project', { ...swift, 'user-name': 'a', password: 'b' }, /^store: project-name: give it with user-name$/],
    ['with a key of another kind', { ...s3, 'secret-access-key': 'a', path: 'x' }, /lautta.yaml: store\.path: unknown key/],
    ['with an address that is none', { ...s3, 'secret-access-key': 'a', endpoint: 'here' }, /lautta.yaml: store\.endpoint: /],
    [
      'with an address without http',
      { ...s3, 'secret-access-key': 'a', endpoint: 'localhost:9000' },
      /lautta.yaml: store\.endpoint: /
    ],
    [
      'with a secret in its address',
      { ...s3, 'secret-access-key': 'a', endpoint: 'https://k:s@x' },
      /store\.endpoint: give http/
    ],
    ['of another kind', { kind: 'ftp' }, /lautta.yaml: store\.kind: /]
  ])('is refused %s', (_how, store, complaint) => {
    expect(complaints(store)).toEqual([expect.stringMatching(complaint)])
  })
  it('on S3 refuses users whose buckets would have too long a name', () => {
    const users = [{ name: `${'long'.repeat(13)}@example.com`, 'api-key': '0123456789abcdef' }]
    expect(complaints({ ...s3, 'secret-access-key': 'a' }, users)).toEqual([
      expect.stringMatching(
        /^users: long.* would have a bucket mlch-sub-air-long.*, longer than 63 characters: give bucket-user$/
      )
    ])
    expect(complaints({ kind: 'folder' }, users)).toEqual([])
  })
})
