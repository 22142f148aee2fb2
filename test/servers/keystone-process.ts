import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'
import { ini } from './ini.ts'
import { listeningPort } from './listening-port.ts'

const program = fileURLToPath(new URL('keystone/serve.py', import.meta.url))

/** Writes how a Keystone in this folder is to behave, and answers the file's name. */
export async function configureKeystone(folder: string, tokenSeconds: number): Promise<string> {
  const file = join(folder, `keystone-${tokenSeconds}.conf`)
  // The cache makes answers 20 times as fast. Not in it is what changes: that is so at once, in each process.
  // Four rounds are the fewest that bcrypt does.
  const settings = {
    DEFAULT: { use_stderr: true },
    database: { connection: `sqlite:///${folder}/keystone.db` },
    token: { provider: 'fernet', expiration: tokenSeconds, allow_expired_window: 0, caching: false },
    revoke: { caching: false },
    catalog: { caching: false },
    application_credential: { caching: false },
    fernet_tokens: { key_repository: join(folder, 'token-keys') },
    fernet_receipts: { key_repository: join(folder, 'token-keys') },
    credential: { key_repository: join(folder, 'credential-keys') },
    cache: { enabled: true, backend: 'dogpile.cache.memory' },
    identity: { password_hash_rounds: 4 },
    oslo_policy: { enforce_scope: false, enforce_new_defaults: false }
  }
  await writeFile(file, ini(settings))
  return file
}

export interface KeystoneProcess {
  readonly child: Child
  readonly authUrl: string
}

/** One process that answers from the database of the folder; several may. */
export async function launchKeystone(folder: string, tokenSeconds: number): Promise<KeystoneProcess> {
  const configuration = await configureKeystone(folder, tokenSeconds)
  const argv = ['/usr/bin/python3', program, configuration]
  const child = await startChild(argv, configuration.replace(/conf$/, 'log'))
  const port = await child.until(() => listeningPort(child.pid))
  return { child, authUrl: `http://127.0.0.1:${port}/v3` }
}
