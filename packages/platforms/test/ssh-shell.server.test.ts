import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { CredentialsError, RefusedError, StorageError, UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../test/servers/free-port.ts'
import { type SlurmServer, startSlurm } from '../../../test/servers/slurm.ts'
import { until } from '../../../test/support/until.ts'
import { hashFile, readPiece, readFile as readRemoteFile, readTextFile, removeFile, writeFile } from '../src/files.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { type CommandOutput, type RemoteCommand, runCommand } from '../src/run-command.ts'
import { fingerprintOf } from '../src/ssh/host-keys.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'
import { openTestShell } from './open-test-shell.ts'

const raw = (argv: string[], more: Partial<RemoteCommand<CommandOutput>> = {}): RemoteCommand<CommandOutput> => ({
  argv,
  parse: (output) => output,
  ...more
})

let slurm: SlurmServer
let shell: RemoteShell
beforeAll(async () => {
  slurm = await startSlurm({ nodes: 1 })
  shell = await openTestShell(slurm)
})
afterAll(async () => {
  await shell?.close()
  await slurm?.stop()
})

async function address() {
  const { host, port, user: username, hostKeys } = slurm
  return { host, port, username, hostKeys, privateKey: await readFile(slurm.privateKeyFile, 'utf8') }
}

describe('the SSH shell, against a real sshd', () => {
  it('keeps stdout, stderr and the exit code apart', async () => {
    const output = await runCommand(shell, raw(['sh', '-c', 'echo out; echo err >&2; exit 3']))
    expect(output).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 3 })
  })
  it('passes arguments through unchanged, whatever they contain', async () => {
    const nasty = `it's $HOME; rm -rf "x" \`y\` * ~ !x\n\\ é|\t#`
    expect((await runCommand(shell, raw(['printf', '%s', nasty]))).stdout).toBe(nasty)
  })
  it('feeds stdin', async () => {
    const text = 'line\n'.repeat(100_000)
    expect((await runCommand(shell, raw(['cat'], { stdin: text }))).stdout).toBe(text)
  })
  it('keeps out what the login shell prints', async () => {
    await slurm.exec(['sh', '-c', 'echo "echo WELCOME; echo NEWS >&2" >.bashrc'])
    const output = await runCommand(shell, raw(['sh', '-c', 'echo out; echo err >&2']))
    await slurm.exec(['rm', '.bashrc'])
    expect(output).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 0 })
  })
  it('tells what the login shell said when it does not run the command', async () => {
    await slurm.exec(['sh', '-c', 'echo "echo closed for maintenance; exit 1" >.bashrc'])
    const failures = await Promise.allSettled(Array.from({ length: 20 }, () => runCommand(shell, raw(['true']))))
    for (const failure of failures)
      expect(String(failure.status === 'rejected' && failure.reason)).toMatch(/closed for maintenance/)
    await slurm.exec(['rm', '.bashrc'])
  })
  it('runs 60 commands at once without an error, on a stock sshd', async () => {
    const outputs = await Promise.all(
      Array.from({ length: 60 }, (_none, index) => runCommand(shell, raw(['echo', String(index)])))
    )
    expect(outputs.map(({ stdout }) => stdout.trim())).toEqual(Array.from({ length: 60 }, (_none, index) => String(index)))
  })
  it('stops waiting for a command that does not end, and knows whether that matters', async () => {
    await expect(runCommand(shell, raw(['sleep', '300'], { timeoutSeconds: 0.3 }))).rejects.toThrow(UnavailableError)
    await expect(runCommand(shell, raw(['sleep', '300'], { timeoutSeconds: 0.3, hasEffect: true }))).rejects.toThrow(
      UnknownOutcomeError
    )
  })
  it('connects again after the connection was lost, and says what became of the command under way', async () => {
    const waiting = runCommand(shell, raw(['sh', '-c', 'echo $PPID >session; sleep 300'], { hasEffect: true }))
    waiting.catch(() => {})
    const session = async () => (await slurm.exec(['cat', 'session'])).stdout.trim()
    while ((await session()) === '') await new Promise((resolve) => setTimeout(resolve, 50))
    await slurm
      .exec(['sh', '-c', 'kill $(cat session); rm session'], { as: 'root' })
      .then(() => slurm.exec(['sh', '-c', 'pkill -u csc sshd || :'], { as: 'root' }))
    await expect(waiting).rejects.toThrow(UnknownOutcomeError)
    expect((await runCommand(shell, raw(['echo', 'again']))).stdout).toBe('again\n')
  })
  it('refuses a host whose key is not pinned, with its fingerprint', async () => {
    const known = await address()
    const stranger = createSshShell([{ ...known, hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhZA=='] }])
    const fingerprints = known.hostKeys.map((line) => fingerprintOf(Buffer.from(line.split(' ')[1] ?? '', 'base64')))
    const refusal = await runCommand(stranger, raw(['true'])).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(UnavailableError)
    expect(fingerprints.some((fingerprint) => String(refusal).includes(fingerprint))).toBe(true)
  })
  it('accepts a host by the fingerprint that ssh-keygen prints', async () => {
    const known = await address()
    const hostKeys = known.hostKeys.map(
      (line) => `SHA256:${execFileSync('ssh-keygen', ['-lf', '-'], { input: line, encoding: 'utf8' }).split(/[ :]/)[2]}`
    )
    const other = createSshShell([{ ...known, hostKeys }])
    expect((await runCommand(other, raw(['echo', 'hi']))).stdout).toBe('hi\n')
    await other.close()
  })
  it('tells a key that is not accepted, and one that can not be read, as a matter of credentials', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lautta-key-'))
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
    const other = createSshShell([{ ...(await address()), privateKey: readFileSync(join(folder, 'key'), 'utf8') }])
    rmSync(folder, { recursive: true })
    await expect(runCommand(other, raw(['true']))).rejects.toThrow(CredentialsError)
    await expect(runCommand(createSshShell([{ ...(await address()), privateKey: 'no key' }]), raw(['true']))).rejects.toThrow(
      CredentialsError
    )
  })
  it('takes the next of its addresses when one does not answer', async () => {
    const down = { ...(await address()), port: await freePort() }
    const other = createSshShell([down, await address()])
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
      const other = createSshShell([{ ...(await address()), port: (rude.address() as AddressInfo).port }])
      await expect(runCommand(other, raw(['true']))).rejects.toThrow(UnavailableError)
      await other.close()
    }
    rude.close()
  })
  it('tells a closed port as unavailable, and that nothing was started', async () => {
    const other = createSshShell([{ ...(await address()), port: await freePort() }])
    await expect(runCommand(other, raw(['true'], { hasEffect: true }))).rejects.toThrow(UnavailableError)
  })
})

describe('files over SSH', () => {
  const kept = { isSecret: false, overwrite: false, writer: 'test' }
  const content = Buffer.from(Array.from({ length: 300_000 }, (_none, index) => (index * 7919) % 256))
  const collect = async (stream: Readable): Promise<Buffer> => Buffer.concat(await stream.toArray())

  it('arrive as they were, in folders that were not there', async () => {
    expect(await writeFile(shell, 'deep/er/bytes', content, kept)).toBe('written')
    expect(readFileSync(slurm.hostPath('/users/csc/deep/er/bytes')).equals(content)).toBe(true)
    expect((await collect(await readRemoteFile(shell, 'deep/er/bytes'))).equals(content)).toBe(true)
    expect(await hashFile(shell, 'deep/er/bytes')).toBe(
      execFileSync('md5sum', [slurm.hostPath('/users/csc/deep/er/bytes')], { encoding: 'utf8' }).slice(0, 32)
    )
  })
  it('are streamed, and kept or replaced as the order says', async () => {
    await writeFile(shell, '~/word', Readable.from([Buffer.from('fir'), Buffer.from('st')]), kept)
    expect(await writeFile(shell, 'word', Buffer.from('second'), kept)).toBe('kept')
    expect(await readTextFile(shell, 'word', 100)).toBe('first')
    expect(await writeFile(shell, 'word', Buffer.from('third'), { ...kept, overwrite: true })).toBe('written')
    expect(await readTextFile(shell, 'word', 100)).toBe('third')
  })
  it('are for their owner only when they are secret', async () => {
    await writeFile(shell, 'secret', Buffer.from('s'), { isSecret: true, overwrite: true, writer: 'test' })
    await writeFile(shell, 'open', Buffer.from('o'), { isSecret: false, overwrite: true, writer: 'test' })
    expect(statSync(slurm.hostPath('/users/csc/secret')).mode & 0o777).toBe(0o600)
    expect(statSync(slurm.hostPath('/users/csc/open')).mode & 0o777).toBe(0o644)
  })
  it('have names with anything in them', async () => {
    const name = `it's a "name" $(x) *é\\`
    await writeFile(shell, name, Buffer.from('n'), kept)
    expect(await readTextFile(shell, name, 100)).toBe('n')
    await removeFile(shell, name)
    await expect(readTextFile(shell, name, 100)).rejects.toThrow(/No such file or directory/)
  })
  it('are whole when two write one of them at once', async () => {
    const write = (letter: string) =>
      writeFile(shell, 'both', Buffer.alloc(3_000_000, letter), { isSecret: false, overwrite: true, writer: letter })
    for (let round = 0; round < 3; round++) {
      expect(await Promise.all([write('a'), write('b')])).toEqual(['written', 'written'])
      const text = (await collect(await readRemoteFile(shell, 'both'))).toString()
      expect([text.length, new Set(text).size]).toEqual([3_000_000, 1])
    }
  })
  it('that are missing are refused with the reason, and not taken for empty ones', async () => {
    await expect(collect(await readRemoteFile(shell, 'nowhere'))).rejects.toThrow(RefusedError)
    const readLate = await readRemoteFile(shell, 'nowhere')
    await until(() => readLate.errored)
    await expect(collect(readLate)).rejects.toThrow(RefusedError)
    await expect(readTextFile(shell, 'nowhere', 100)).rejects.toThrow(/^nowhere: No such file or directory$/)
    await expect(writeFile(shell, '/proc/nowhere/x', Buffer.from(''), kept)).rejects.toThrow(RefusedError)
  })
  it('are not left half written when their source breaks', async () => {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half')
        throw new StorageError('the object store went away')
      })()
    )
    await expect(writeFile(shell, 'half', broken, kept)).rejects.toThrow(StorageError)
    await expect(readTextFile(shell, 'half', 100)).rejects.toThrow(RefusedError)
  })
  it('are read in pieces from an offset on; what is no regular file is empty', async () => {
    await writeFile(shell, 'log', Buffer.from('0123456789'), { ...kept, overwrite: true })
    expect((await readPiece(shell, 'log', 3, 4)).toString()).toBe('3456')
    expect((await readPiece(shell, 'log', 8, 100)).toString()).toBe('89')
    expect((await readPiece(shell, 'log', 10, 100)).toString()).toBe('')
    expect((await readPiece(shell, '/dev/zero', 0, 100)).toString()).toBe('')
    expect((await readPiece(shell, 'nowhere', 0, 100)).toString()).toBe('')
  })
})
