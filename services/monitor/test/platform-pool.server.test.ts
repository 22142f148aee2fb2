import { join } from 'node:path'
import { CredentialsError } from '@lautta/core/errors'
import { runCommand } from '@lautta/platforms/run-command'
import { knownPlatforms, platformSettingsSchema } from '@lautta/platforms/settings'
import { createLogger } from '@lautta/runtime/logger'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeKey } from '../../../packages/platforms/test/ssh-keys.ts'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { createPlatformPool } from '../src/platform-pool.ts'

const isInstalled = requireCommands(sshCommands)
let server: SshServer
let folder: PrivateFolder
beforeAll(async () => {
  if (!isInstalled) return
  ;[server, folder] = await Promise.all([startSshServer(), makePrivateFolder('lautta-pool')])
})
afterAll(async () => {
  await Promise.all([server?.stop(), folder?.remove()])
})

describe.skipIf(!isInstalled)("the monitor's connections", () => {
  it('log in once with a key that the host refuses, however many messages there are', async () => {
    const settings = platformSettingsSchema.parse({
      hosts: [{ host: server.host, port: server.port }],
      'host-keys': server.hostKeys,
      credentials: { u: { username: server.user, 'private-key-file': makeKey(folder.path, 'unknown') } }
    })
    const machine = { localFolder: folder.path, environment: {} }
    const logger = createLogger('info', join(folder.path, 'log'))
    const pool = createPlatformPool(knownPlatforms({ p: settings }, false), machine, logger)
    const collect = async () => {
      const { shell } = await pool.connect('u', 'p')
      return runCommand(shell, { argv: ['true'], parse: () => {} })
    }
    // As the queue has it: some at once, and the next one for each that has failed.
    for (let message = 0; message < 100; message += 10) {
      for (const failed of await Promise.allSettled(Array.from({ length: 10 }, collect))) {
        expect(failed).toMatchObject({ status: 'rejected', reason: expect.any(CredentialsError) })
      }
    }
    expect([...(await server.words()).matchAll(/^Connection from/gm)]).toHaveLength(1)
    pool.close()
  })
})
