import { createHash, randomBytes } from 'node:crypto'
import { cp, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configureKeystone, launchKeystone } from './keystone-process.ts'
import { administrator, type KeystoneSeed, region, seedKeystone } from './keystone-seed.ts'
import { makePrivateFolder } from './private-folder.ts'
import { outputOf } from './run.ts'

const workFolder = fileURLToPath(new URL('../../.test/', import.meta.url))
const makers = ['keystone-template.ts', 'keystone-process.ts', 'keystone-seed.ts', 'keystone/serve.py']

let template: Promise<string> | undefined

/**
 * Fills a folder with the database and the keys of a Keystone, and answers what is in it. They are made once for each
 * checkout, because that takes seconds.
 */
export async function copyKeystoneTemplate(folder: string): Promise<KeystoneSeed> {
  template ??= findOrMakeTemplate()
  await cp(await template, folder, { recursive: true })
  // One Keystone's tokens are nothing to another one.
  await makeKeys(join(folder, 'token-keys'))
  return JSON.parse(await readFile(join(folder, 'seed.json'), 'utf8'))
}

async function findOrMakeTemplate(): Promise<string> {
  const path = join(workFolder, `keystone-template-${await fingerprint()}`)
  if (!(await exists(path))) await makeTemplate(path)
  return path
}

async function fingerprint(): Promise<string> {
  const sources = await Promise.all(makers.map((name) => readFile(join(import.meta.dirname, name))))
  const version = await outputOf(['dpkg-query', '-W', 'python3-keystone'])
  return createHash('sha256').update(Buffer.concat(sources)).update(version).digest('hex').slice(0, 12)
}

// Two test files may do so at once: the first one to rename its own wins.
async function makeTemplate(path: string): Promise<void> {
  await mkdir(workFolder, { recursive: true })
  const folder = await makePrivateFolder('keystone-in-the-making', workFolder)
  try {
    await fill(folder.path)
    await rename(folder.path, path).catch(async (error) => {
      if (!(await exists(path))) throw error
    })
  } finally {
    await folder.remove()
  }
}

async function fill(folder: string): Promise<void> {
  const configuration = await configureKeystone(folder, 3600)
  for (const keys of ['token-keys', 'credential-keys']) await makeKeys(join(folder, keys))
  await manage(configuration, 'db_sync')
  // Else a reader and a writer at the same time make "database is locked", and that an answer 500.
  const wal = 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode = WAL")'
  await outputOf(['/usr/bin/python3', '-c', wal, join(folder, 'keystone.db')])
  const { name, password } = administrator
  const who = ['--bootstrap-username', name, '--bootstrap-password', password]
  // Each process puts its own address into the catalogue.
  const where = ['--bootstrap-region-id', region, '--bootstrap-internal-url', '%(public_endpoint)s/v3']
  await manage(configuration, 'bootstrap', ...who, ...where)
  const { child, authUrl } = await launchKeystone(folder, 3600)
  try {
    await writeFile(join(folder, 'seed.json'), JSON.stringify(await seedKeystone(authUrl)))
  } finally {
    await child.kill()
  }
}

// Keystone's own key repository: numbered files with one Fernet key each; 0 is the next one, the highest the present one.
async function makeKeys(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700, recursive: true })
  for (const name of ['0', '1']) await writeFile(join(folder, name), `${randomBytes(32).toString('base64url')}=`)
}

async function manage(configuration: string, ...argv: string[]): Promise<void> {
  await outputOf(['/usr/bin/python3', '/usr/bin/keystone-manage', '--config-file', configuration, ...argv])
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
