import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startChild } from './child.ts'
import { freePort } from './free-port.ts'
import { requireCommands } from './require-server.ts'
import { run } from './run.ts'
import { type SshServer, sshCommands, startSshServer } from './ssh-server.ts'

const guide = await readFile(new URL('../../deploy/ray/README.md', import.meta.url), 'utf8')

describe.skipIf(!requireCommands([...sshCommands, 'ssh']))("the tunnel of a laptop, by the guide's settings", () => {
  let server: SshServer
  let options: string[]
  let permitted: number
  const dashboard = createServer((_request, response) => response.end('the dashboard of the laptop'))
  const here = () => `127.0.0.1:${(dashboard.address() as AddressInfo).port}`

  beforeAll(async () => {
    await once(dashboard.listen(0, '127.0.0.1'), 'listening')
    const [, setting] = /^Match User ray-tunnel\n +(\S+ \S+)$/m.exec(guide) ?? []
    server = await startSshServer({ settings: [setting ?? ''] })
    permitted = await freePort()
    const [, restrictions] = /^(restrict,\S+) ssh-ed25519 AAAA/m.exec(guide) ?? []
    const key = await readFile(`${server.privateKeyFile}.pub`, 'utf8')
    const line = `${restrictions?.replace('127.0.0.1:8100', `127.0.0.1:${permitted}`)} ${key}`
    await writeFile(join(server.home, '.ssh/authorized_keys'), line)
    const knownHosts = `${server.privateKeyFile}.known`
    await writeFile(knownHosts, server.hostKeys.map((hostKey) => `[${server.host}]:${server.port} ${hostKey}\n`).join(''))
    const settings = ['BatchMode=yes', `UserKnownHostsFile=${knownHosts}`, 'ExitOnForwardFailure=yes', 'IdentitiesOnly=yes']
    const login = ['-p', String(server.port), '-i', server.privateKeyFile, `${server.user}@${server.host}`]
    options = ['-F', 'none', ...settings.flatMap((one) => ['-o', one]), ...login]
  })
  afterAll(async () => {
    dashboard.close()
    await server?.stop()
  })

  it('brings a port of the laptop to the machine of Lautta', async () => {
    const tunnel = await startChild(['ssh', '-N', '-R', `127.0.0.1:${permitted}:${here()}`, ...options])
    const ask = () => fetch(`http://127.0.0.1:${permitted}`).then((answer) => answer.text())
    expect(await tunnel.until(() => ask().catch(() => undefined))).toBe('the dashboard of the laptop')
    await tunnel.kill()
  })

  it('listens on no other port, and on no other address', async () => {
    for (const listen of [`127.0.0.1:${await freePort()}`, `0.0.0.0:${permitted}`]) {
      const { exitCode, stderr } = await run(['ssh', '-N', '-R', `${listen}:${here()}`, ...options])
      expect([exitCode, stderr]).toEqual([255, expect.stringContaining('remote port forwarding failed')])
    }
  })

  it('runs no command there', async () => {
    expect(await run(['ssh', ...options, 'echo', 'in'])).toEqual({ stdout: '', stderr: '', exitCode: 1 })
  })

  it('reaches nothing on that machine', async () => {
    const { exitCode, stderr } = await run(['ssh', '-W', here(), ...options])
    expect([exitCode, stderr]).toEqual([255, expect.stringContaining('administratively prohibited')])
  })
})
