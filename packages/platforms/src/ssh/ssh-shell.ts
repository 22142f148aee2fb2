import { randomBytes } from 'node:crypto'
import { messageOf, RefusedError, UnavailableError } from '@lautta/core/errors'
import type { Client, ClientChannel } from 'ssh2'
import { createLimit } from '../limit-concurrency.ts'
import { quote, quoteAll } from '../quote.ts'
import type { RemoteProcess, RemoteShell } from '../remote-shell.ts'
import { connectSsh, type SshAddress } from './connect-ssh.ts'
import { stripNoise } from './strip-noise.ts'

// sshd refuses a session while it is still cleaning up after others: with stock settings from 6 to 8 at once.
const openAttempts = 5
const openDelayMs = 200
const openTimeoutMs = 30_000
const longestLineBytes = 120_000

/**
 * A shell over one kept SSH connection, opened when it is first needed and again after it was lost: to the first of the
 * addresses that answers.
 */
export function createSshShell(addresses: readonly SshAddress[], maxChannels = 4): RemoteShell {
  const limits = { command: createLimit(maxChannels), file: createLimit(Math.max(1, Math.floor(maxChannels / 2))) }
  let connection: Promise<Client> | null = null
  let closed = false

  const connect = (): Promise<Client> => {
    if (closed) throw new UnavailableError('the connection was closed')
    if (connection !== null) return connection
    const opening = connectFirst(addresses).then((client) => client.once('close', forget))
    const forget = () => {
      if (connection === opening) connection = null
    }
    opening.catch(forget)
    connection = opening
    return opening
  }

  return {
    async start(argv, lane = 'command') {
      // A file waits for its turn without holding a place among the commands.
      const releases = lane === 'file' ? [await limits.file()] : []
      releases.push(await limits.command())
      const release = () => {
        for (const one of releases) one()
      }
      try {
        const client = await connect()
        const marker = `lautta-${randomBytes(8).toString('hex')}`
        // The remote login shell may be any; what it gets is one plain sh command.
        const line = `exec sh -c ${quote(`echo ${marker}; echo ${marker} >&2; exec ${quoteAll(argv)}`)}`
        // One argument of a Linux program has at most 128 KiB; of a longer one sshd only says that it failed.
        if (Buffer.byteLength(line) > longestLineBytes)
          throw new RefusedError('the options or arguments are too long for the platform')
        return await openProcess(client, line, (channel) => wrap(channel, marker, release))
      } catch (error) {
        release()
        throw error
      }
    },
    async close() {
      closed = true
      const client = await connection?.catch(() => null)
      client?.end()
    }
  }
}

async function connectFirst(addresses: readonly SshAddress[]): Promise<Client> {
  let failure = new UnavailableError('there is no host to connect to')
  for (const address of addresses) {
    try {
      return await connectSsh(address)
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      failure = error
    }
  }
  throw failure
}

type Wrap = (channel: ClientChannel) => RemoteProcess

async function openProcess(client: Client, line: string, wrapChannel: Wrap): Promise<RemoteProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await requestProcess(client, line, wrapChannel)
    } catch (cause) {
      // Any other error leaves open whether the command was started.
      if (!messageOf(cause).includes('Channel open failure')) throw cause
      if (attempt === openAttempts) throw new UnavailableError(`no session: ${messageOf(cause)}`, { cause })
      await new Promise((resolve) => setTimeout(resolve, openDelayMs * attempt))
    }
  }
}

function requestProcess(client: Client, line: string, wrapChannel: Wrap): Promise<RemoteProcess> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error('no answer to the request for a session')), openTimeoutMs)
    const lost = () => fail(new Error('the connection was lost'))
    const settle = () => {
      clearTimeout(timer)
      client.removeListener('close', lost)
    }
    const fail = (error: Error) => {
      settle()
      reject(error)
    }
    client.once('close', lost)
    client.exec(line, (error, channel) => {
      if (error) return fail(error)
      settle()
      // At once: a short command's exit code may stand in the very packet that opened the channel.
      resolve(wrapChannel(channel))
    })
  })
}

function wrap(channel: ClientChannel, marker: string, release: () => void): RemoteProcess {
  const stdout = channel.pipe(stripNoise(marker))
  const stderr = channel.stderr.pipe(stripNoise(marker))
  // Whoever reads is told; but the end may come before anyone reads, and an error that nobody heard ends the process.
  for (const stream of [channel, stdout, stderr]) stream.on('error', () => {})
  const ended = new Promise<number>((resolve, reject) => {
    let exitCode: number | undefined
    channel.once('exit', (code: number | null) => {
      exitCode = code ?? 255
    })
    channel.once('close', () => {
      release()
      if (exitCode === undefined) reject(new Error('the connection was lost before the command ended'))
      else resolve(exitCode)
    })
  })
  ended.catch((error: Error) => {
    stdout.destroy(error)
    stderr.destroy(error)
  })
  const abandon = () => {
    release()
    channel.close()
  }
  return { stdin: channel, stdout, stderr, ended, abandon }
}
