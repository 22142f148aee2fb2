import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../test/servers/free-port.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { startTcpProxy } from '../../../test/servers/tcp-proxy.ts'
import { until } from '../../../test/support/until.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { type CommandOutput, type RemoteCommand, runCommand } from '../src/run-command.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'
import { openTestShell, targetOf } from './open-test-shell.ts'

const raw = (argv: string[], more: Partial<RemoteCommand<CommandOutput>> = {}): RemoteCommand<CommandOutput> => ({
  argv,
  parse: (output) => output,
  ...more
})

const isInstalled = requireCommands(sshCommands)
let server: SshServer
let shell: RemoteShell
beforeAll(async () => {
  if (!isInstalled) return
  server = await startSshServer()
  shell = await openTestShell(server)
})
afterAll(async () => {
  await shell?.close()
  await server?.stop()
})

const count = async (words: RegExp) => [...(await server.words()).matchAll(words)].length
const logins = () => count(/^Accepted publickey/gm)
const goodbyes = () => count(/^Disconnected from user/gm)
const at = (port: number) => ({ ...targetOf(server), hosts: [{ host: '127.0.0.1', port }] })

describe.skipIf(!isInstalled)('the SSH shell, against a real sshd', () => {
  it('feeds stdin', async () => {
    const text = 'line\n'.repeat(100_000)
    expect((await runCommand(shell, raw(['cat'], { stdin: text }))).stdout).toBe(text)
  })
  it('runs 200 commands at once without an error, on a stock sshd and one connection', async () => {
    const before = await logins()
    const other = await openTestShell(server)
    const numbers = Array.from({ length: 200 }, (_none, index) => String(index))
    const outputs = await Promise.all(numbers.map((number) => runCommand(other, raw(['echo', number]))))
    await other.close()
    expect(outputs.map(({ stdout }) => stdout.trim())).toEqual(numbers)
    expect((await logins()) - before).toBe(1)
  })
  it('finds room on a new connection when the commands on the old one fill it', async () => {
    const narrow = await startSshServer({ settings: ['MaxSessions 2'] })
    const other = await openTestShell(narrow)
    const meet = (name: string) => `>${name}; until [ -e a ] && [ -e b ] && [ -e c ]; do sleep 0.1; done; echo met`
    const outputs = await Promise.all(['a', 'b', 'c'].map((name) => runCommand(other, raw(['sh', '-c', meet(name)]))))
    expect(outputs.map(({ stdout }) => stdout)).toEqual(['met\n', 'met\n', 'met\n'])
    await other.close()
    await narrow.stop()
  })
  it('leaves half of its channels to commands, however many files are under way', async () => {
    const wait = raw(['sh', '-c', '>reading; until [ -e met ]; do sleep 0.1; done'], { lane: 'file' })
    const files = Array.from({ length: 4 }, () => runCommand(shell, wait))
    await until(() => existsSync(join(server.home, 'reading')))
    const meet = (name: string, other: string) => `>${name}; until [ -e ${other} ]; do sleep 0.1; done; >met`
    const commands = [meet('one', 'two'), meet('two', 'one')]
    await Promise.all(commands.map((script) => runCommand(shell, raw(['sh', '-c', script]))))
    await Promise.all(files)
  })
  it('says that a host opens no session at all, and that nothing was started', async () => {
    const closed = await startSshServer({ settings: ['MaxSessions 0'] })
    const other = await openTestShell(closed)
    await expect(runCommand(other, raw(['true'], { hasEffect: true }))).rejects.toThrow('the host opens no session for a command')
    await other.close()
    await closed.stop()
  })
  it('stops waiting for a command that does not end, and knows whether that matters', async () => {
    await expect(runCommand(shell, raw(['sleep', '9'], { timeoutSeconds: 0.3 }))).rejects.toThrow(UnavailableError)
    await expect(runCommand(shell, raw(['sleep', '9'], { timeoutSeconds: 0.3, hasEffect: true }))).rejects.toThrow(
      UnknownOutcomeError
    )
  })
  it('stops listening to a command that prints too much, on whichever stream', async () => {
    for (const script of ['exec yes', 'exec yes >&2', 'yes | head -c 600 >&2; yes | head -c 600']) {
      const talking = runCommand(shell, raw(['sh', '-c', script], { outputLimitBytes: 1000 }))
      await expect(talking).rejects.toThrow('sh: it prints more than 1000 bytes')
    }
    const exact = await runCommand(
      shell,
      raw(['sh', '-c', 'yes | head -c 600 >&2; yes | head -c 400'], { outputLimitBytes: 1000 })
    )
    expect(exact.stdout).toHaveLength(400)
  })
  it('keeps little in memory of what a command prints while nobody reads', async () => {
    const started = await shell.start(['sh', '-c', 'exec yes'])
    started.stdin.end()
    const waiting = () => started.stdout.readableLength
    await until(() => waiting() > 0)
    const before = process.memoryUsage().arrayBuffers
    await runCommand(shell, raw(['sleep', '1']))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
    started.abandon()
  })
  it('connects again after the connection was lost, and says what became of the command under way', async () => {
    const session = join(server.home, 'session')
    const waiting = runCommand(shell, raw(['sh', '-c', 'echo $PPID >session; sleep 300'], { hasEffect: true }))
    waiting.catch(() => {})
    await until(() => readFile(session, 'utf8').catch(() => ''))
    await expect(runCommand(shell, raw(['sh', '-c', 'kill -9 $(cat session)'], { hasEffect: true }))).rejects.toThrow(
      UnknownOutcomeError
    )
    rmSync(session)
    await expect(waiting).rejects.toThrow(UnknownOutcomeError)
    expect((await runCommand(shell, raw(['echo', 'again']))).stdout).toBe('again\n')
  })
  it('knows whether a connection is there', async () => {
    const other = createSshShell(targetOf(server), { maxAgeSeconds: 1 })
    await runCommand(other, raw(['true']))
    expect(other.isOpen()).toBe(true)
    await until(() => !other.isOpen())
    await other.close()

    const short = await openTestShell(server)
    expect(short.isOpen()).toBe(false)
    const parent = await runCommand(short, raw(['sh', '-c', 'echo $PPID']))
    expect(short.isOpen()).toBe(true)
    await runCommand(short, raw(['kill', '-9', parent.stdout.trim()])).catch(() => {})
    await until(() => !short.isOpen())
    await runCommand(short, raw(['true']))
    expect(short.isOpen()).toBe(true)
    await short.close()
    expect(short.isOpen()).toBe(false)
  })
  it('leaves a connection that is old, which closes when its last command has ended', async () => {
    const other = createSshShell(targetOf(server), { maxAgeSeconds: 1 })
    const long = runCommand(other, raw(['sh', '-c', '>begun; until [ -e enough ]; do sleep 0.1; done; echo done']))
    await until(() => existsSync(join(server.home, 'begun')))
    const [before, closedBefore] = [await logins(), await goodbyes()]
    await until(async () => {
      await runCommand(other, raw(['true']))
      return (await logins()) > before
    })
    expect(await goodbyes()).toBe(closedBefore)
    writeFileSync(join(server.home, 'enough'), '')
    expect((await long).stdout).toBe('done\n')
    await until(async () => (await goodbyes()) > closedBefore)
    await other.close()
  })
  it('closes all of its connections, also the one that it has left', async () => {
    const other = createSshShell(targetOf(server), { maxAgeSeconds: 0.5 })
    const long = await other.start(['sleep', '60'])
    const before = await logins()
    await until(async () => {
      await runCommand(other, raw(['true']))
      return (await logins()) > before
    })
    await other.close()
    await expect(long.ended).rejects.toThrow('the connection was lost')
    await expect(other.start(['true'])).rejects.toThrow('the connection was closed')
  })
  it('has a connection for lost when the network drops it without a word', async () => {
    const network = await startTcpProxy(server)
    const other = createSshShell({ ...at(network.port), keepaliveSeconds: 0.1 })
    const waiting = runCommand(other, raw(['sh', '-c', '>silent; sleep 60'], { hasEffect: true }))
    waiting.catch(() => {})
    await until(() => existsSync(join(server.home, 'silent')))
    network.silence()
    await expect(waiting).rejects.toThrow('the connection was lost')
    expect(other.isOpen()).toBe(false)
    network.pass()
    expect((await runCommand(other, raw(['echo', 'again']))).stdout).toBe('again\n')
    await other.close()
    await network.stop()
  })
  it('takes the next of its hosts when one does not answer', async () => {
    const { hosts, ...target } = targetOf(server)
    const other = createSshShell({ ...target, hosts: [{ host: '127.0.0.1', port: await freePort() }, ...hosts] })
    expect((await runCommand(other, raw(['echo', 'here']))).stdout).toBe('here\n')
    await other.close()
  })
  it('outlives a host that ends the connection in the middle of everything', async () => {
    // It sends a disconnect and is gone: what we then say to it is a second error.
    const rude = createServer((socket) => {
      socket.on('error', () => {})
      socket.end('SSH-2.0-rude\r\n\0\0\0\x0c\x0a\x01\0\0\0\x02nonsense')
      setImmediate(() => socket.resetAndDestroy())
    })
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve))
    for (let round = 0; round < 10; round++) {
      const other = createSshShell(at((rude.address() as AddressInfo).port))
      await expect(runCommand(other, raw(['true']))).rejects.toThrow(UnavailableError)
      await other.close()
    }
    rude.close()
  })
  it('tells a closed port as unavailable, and that nothing was started', async () => {
    const other = createSshShell(at(await freePort()))
    await expect(runCommand(other, raw(['true'], { hasEffect: true }))).rejects.toThrow(UnavailableError)
  })
})
