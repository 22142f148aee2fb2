import { constants } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '@lautta/core/errors'
import type { Client, ClientChannel } from 'ssh2'
import type { RemoteProcess } from '../remote-shell.ts'
import { stripNoise } from './strip-noise.ts'

// sshd refuses a session while it is still cleaning up after others: with stock settings from 6 to 8 at once.
const openAttempts = 5
const openDelayMs = 200
const openTimeoutMs = 30_000

/** What is asked of a connection. */
export interface ProcessRequest {
  line: string
  /** A line that ends what the login shell prints of its own accord. */
  marker: string
  onEnd(): void
}

/** Starts a command on a connection; null when the connection has no room for it, and it surely was not started. */
export async function openProcess(client: Client, request: ProcessRequest): Promise<RemoteProcess | null> {
  for (let attempt = 1; attempt <= openAttempts; attempt++) {
    try {
      return await requestProcess(client, request)
    } catch (cause) {
      // The client's own words, before it has sent anything.
      if (messageOf(cause) === 'Not connected') return null
      // Any other error leaves open whether the command was started.
      if (!messageOf(cause).includes('Channel open failure')) throw cause
      if (attempt < openAttempts) await pause(openDelayMs * attempt)
    }
  }
  return null
}

function requestProcess(client: Client, { line, marker, onEnd }: ProcessRequest): Promise<RemoteProcess> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error('no answer to the request for a session')), openTimeoutMs)
    const lost = () => fail(new Error('the connection was lost'))
    const settle = () => {
      clearTimeout(timer)
      client.removeListener('close', lost)
    }
    const fail = (error: unknown) => {
      settle()
      reject(error)
    }
    client.once('close', lost)
    try {
      client.exec(line, (error, channel) => {
        if (error) return fail(error)
        settle()
        // At once: a short command's exit code may stand in the very packet that opened the channel.
        resolve(wrap(client, channel, marker, onEnd))
      })
    } catch (error) {
      fail(error)
    }
  })
}

function wrap(client: Client, channel: ClientChannel, marker: string, onEnd: () => void): RemoteProcess {
  const stdout = channel.pipe(stripNoise(marker))
  const stderr = channel.stderr.pipe(stripNoise(marker))
  // Whoever reads is told; but the end may come before anyone reads, and an error that nobody heard ends the process.
  for (const stream of [channel, stdout, stderr]) stream.on('error', () => {})
  let giveUp: (words: string) => void = () => {}
  const ended = new Promise<number>((resolve, reject) => {
    let exitCode: number | undefined
    const lost = () => giveUp('the connection was lost before the command ended')
    const settle = () => {
      client.removeListener('close', lost)
      onEnd()
    }
    giveUp = (words) => {
      settle()
      const error = new Error(words)
      for (const stream of [stdout, stderr]) stream.destroy(error)
      reject(error)
    }
    // It comes before ssh2 lets each channel of a lost connection end as if everything had been said; an exit code tells
    // nothing then, because it does not wait, as output does, until there is room for it.
    client.once('close', lost)
    channel.once('exit', (code: number | null, signal?: string) => {
      exitCode = code ?? exitCodeOf(signal)
    })
    channel.once('close', () => {
      if (exitCode === undefined) return giveUp('the host ended the command without an exit code')
      settle()
      resolve(exitCode)
    })
  })
  ended.catch(() => {})
  const abandon = () => {
    channel.close()
    giveUp('nobody waits for the command any more')
  }
  return { stdin: channel, stdout, stderr, ended, abandon }
}

/** As a shell tells of a command that was killed. */
function exitCodeOf(signal: string | undefined): number {
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1]
  return number === undefined ? 255 : 128 + number
}
