import { CredentialsError } from '@lautta/core/errors'
import { connectPlatform } from '@lautta/platforms/connect-platform'
import type { Platform } from '@lautta/platforms/platform'
import { runCommand } from '@lautta/platforms/run-command'
import { type KnownPlatform, knownPlatforms } from '@lautta/platforms/settings'
import { createLogger } from '@lautta/runtime/logger'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { until } from '../../../test/support/until.ts'
import { createSession } from '../src/session.ts'
import type { SessionPorts } from '../src/session-ports.ts'

const isInstalled = requireCommands(sshCommands)
let server: SshServer
let stranger: SshServer
let nowMs = 0
beforeAll(async () => {
  if (isInstalled) [server, stranger] = await Promise.all([startSshServer(), startSshServer()])
})
afterAll(() => Promise.all([server?.stop(), stranger?.stop()]))

/** A session with a key that the host does not accept. */
const openSession = () => {
  const credentials = { u: { username: server.user, privateKeyFile: stranger.privateKeyFile } }
  const address = { hosts: [{ host: server.host, port: server.port }], hostKeys: server.hostKeys }
  const [plain] = knownPlatforms({}, true) as [KnownPlatform]
  const known: KnownPlatform = { ...plain, ...address, name: 'p', kind: 'slurm', transport: 'ssh2', credentials, pollSeconds: 60 }
  const lease = { fence: 1, previousFence: 0, remainingMs: () => 30_000, release: async () => {} }
  return createSession({
    ...{ user: 'u', known, now: () => new Date(nowMs), logger: createLogger('silent') },
    acquireLease: async () => lease,
    connect: () => connectPlatform(known, 'u', { localFolder: '', environment: {} })
  } as Partial<SessionPorts> as SessionPorts)
}
const logins = async (): Promise<number> => (await server.words()).split('Failed publickey for').length - 1

describe.skipIf(!isInstalled)('questions', () => {
  it('try a login that the host refused once, until its pause is over', async () => {
    const session = openSession()
    const ask = () =>
      session
        .ask(({ shell }: Platform) => runCommand(shell, { argv: ['true'], parse: () => 'well' }))
        .catch((error: unknown) => error)
    const first = await ask()
    expect(first).toBeInstanceOf(CredentialsError)
    for (let count = 0; count < 5; count++) expect(await ask()).toBe(first)
    await until(async () => (await logins()) === 1)
    nowMs += 60_000
    expect(await ask()).toMatchObject({ isRefusedByHost: true })
    await until(async () => (await logins()) === 2)
    await session.close()
  })
})
