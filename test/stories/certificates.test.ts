import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeKey, signKey } from '../../packages/platforms/test/ssh-keys.ts'
import type { SlurmServer } from '../servers/slurm.ts'
import { startEchoService } from '../support/echo-service.ts'
import { createForwardClient, openByteStream, writeClusterFile } from '../support/forward-client.ts'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { until } from '../support/until.ts'

let folder: string
let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
let ca: string
let key: string
let mounted: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lautta-certificates-'))
  ca = makeKey(folder, 'ca')
  key = makeKey(folder, 'key')
  mounted = join(folder, 'mounted-cert.pub')
  renewFor(-30)
  lautta = await startLauttaOnSlurm(async (slurm) => {
    await trustOnlyCertificates(slurm)
    const files = { 'private-key-file': key, 'certificate-file': mounted }
    return { credentials: { 'user@example.com': { username: slurm.user, ...files } } }
  })
  orders = createOrderClient(lautta.ask)
})
afterAll(async () => {
  await lautta?.stop()
  rmSync(folder, { recursive: true })
})

/** Puts a certificate of two minutes where Lautta looks for it, as a person would, of which so many seconds are left. */
const renewFor = (seconds: number): void => {
  renameSync(signKey(ca, key, ['-n', 'csc', '-V', `${signed(seconds - 120)}s:${signed(seconds)}s`]), mounted)
}
const signed = (seconds: number) => (seconds < 0 ? `${seconds}` : `+${seconds}`)

/** The login node as on Roihu: a plain key opens nothing. */
async function trustOnlyCertificates(slurm: SlurmServer): Promise<void> {
  const authority = await readFile(`${ca}.pub`, 'utf8')
  const lines = 'TrustedUserCAKeys /etc/ssh/user-ca.pub\nAuthorizedKeysFile none\n'
  const script = 'cat >/etc/ssh/user-ca.pub && printf "%s" "$1" >/etc/ssh/sshd_config.d/user-ca.conf'
  await slurm.exec(['sh', '-c', script, 'sh', lines], { as: 'root', stdin: authority })
  await slurm.signal('sshd', 'SIGTERM')
  await until(async () => (await slurm.exec(['pgrep', '-f', '[s]shd -D'], { as: 'root' })).stdout === '')
  await slurm.start('sshd')
}

const waitsForCredentials = ({ waiting }: { waiting: string | null }) => waiting === 'credentials'
const logins = async () => (await lautta.slurm.exec(['pgrep', '-fc', '[s]shd: csc'], { as: 'root' })).stdout.trim()

describe('certificates of two minutes, on a login node that takes nothing else', () => {
  it('that have ended let orders wait, and say so; a new one lets them go on', async () => {
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\ntrue\n' }])
    await orders.untilJob(id, 'mahti', waitsForCredentials)
    const told = (await orders.events(id)).map(({ reason }) => reason)
    expect(told).toContainEqual(expect.stringMatching(/^waiting: credentials: the certificate .* ended at /))
    renewFor(120)
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
  })

  it('that end while a job runs close the connection and leave the job alone, which is seen to end with the next one', async () => {
    renewFor(40)
    const script = '#!/bin/sh\nuntil [ -e ~/go ]; do sleep 0.2; done\necho it ran on\n'
    const id = await orders.start('mahti', [{ script }])
    await orders.untilJob(id, 'mahti', ({ state }) => state === 'running')
    const late = await orders.start('mahti', [{ script: '#!/bin/sh\ntrue\n' }, { script: '#!/bin/sh\ntrue\n' }])
    await orders.untilJob(id, 'mahti', waitsForCredentials)
    await until(async () => (await logins()) === '0')
    const later = await orders.start('mahti', [{ script: '#!/bin/sh\ntrue\n' }])
    await orders.untilJob(later, 'mahti', waitsForCredentials)
    expect(await orders.job(id, 'mahti')).toMatchObject({ state: 'running', outcome: null })
    await lautta.slurm.exec(['touch', 'go'])
    renewFor(120)
    for (const one of [id, late, later]) expect(await orders.untilStored(one)).toMatchObject({ outcome: 'completed' })
    expect(await orders.log(id, 'mahti')).toBe('it ran on\n')
    expect(await orders.job(id, 'mahti')).toMatchObject({ attempt: 1, restart: 0 })
  })

  it('that end close what goes through a forward, which goes on at the same port with the next one', async () => {
    renewFor(40)
    const forwards = createForwardClient(lautta.ask)
    const service = await startEchoService()
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\nuntil [ -e ~/end ]; do sleep 0.2; done\n' }])
    const { id: slurmJobId } = await orders.untilJob(id, 'mahti', ({ state }) => state === 'running')
    await writeClusterFile(lautta.slurm, slurmJobId, { serve: service.port })
    const forward = await forwards.open(id, 'serve', 'mahti')
    const { port } = await forwards.untilForward(forward.id, ({ state }) => state === 'open')
    const url = `${lautta.url}/v1/forwards/${forward.id}/stream`
    const stream = await openByteStream(url, lautta.apiKey)
    await forwards.untilForward(forward.id, ({ waiting }) => waiting === 'credentials')
    await stream.closed
    expect(service.connections()).toBe(0)
    expect(await forwards.look(forward.id)).toMatchObject({ reason: expect.stringMatching(/certificate .* ended at /), port })
    await expect(openByteStream(url, lautta.apiKey)).rejects.toThrow('did not open')
    renewFor(120)
    await forwards.untilForward(forward.id, ({ state }) => state === 'open')
    const next = await openByteStream(url, lautta.apiKey)
    next.send('GET / HTTP/1.0\r\n\r\n')
    expect((await next.closed).code).toBe(1000)
    await lautta.slurm.exec(['touch', 'end'])
    await forwards.untilForward(forward.id, ({ state }) => state === 'closed')
    await service.stop()
  })

  it('of another key, or for another name, are told without a word to the host', async () => {
    const other = makeKey(folder, 'other')
    const wrong = [
      [signKey(ca, other, ['-n', 'csc', '-V', '+120s']), /made for another key/],
      [signKey(ca, key, ['-n', 'somebody', '-V', '+120s']), /is not for csc: it is for somebody/]
    ] as const
    const ids: string[] = []
    for (const [certificate, words] of wrong) {
      renameSync(certificate, mounted)
      const id = await orders.start('mahti', [{ script: '#!/bin/sh\ntrue\n' }])
      await orders.untilJob(id, 'mahti', waitsForCredentials)
      expect((await orders.events(id)).map(({ reason }) => reason)).toContainEqual(expect.stringMatching(words))
      ids.push(id)
    }
    const { stdout } = await lautta.slurm.exec(['cat', '/cluster/log/sshd.out'], { as: 'root' })
    expect(stdout).toContain('Accepted publickey for csc')
    expect(stdout).not.toMatch(/Failed publickey|authenticating user|refused/)
    renewFor(120)
    for (const id of ids) expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
  })
})
