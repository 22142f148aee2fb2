import { readFile } from 'node:fs/promises'
import { messageOf, UnavailableError } from '@lautta/core/errors'
import type { Client } from 'ssh2'
import { connectSsh, type SshHost } from './connect-ssh.ts'
import { connectionError } from './connection-step.ts'
import type { HostKeyPins } from './host-keys.ts'
import { findKnownKeys } from './known-hosts.ts'
import { type CredentialSettings, readCredential, type SshCredential } from './read-credential.ts'

/** Where to connect, as whom, and how to know that it is the right host. */
export interface SshTarget {
  /** Tried in this sequence. */
  hosts: readonly SshHost[]
  credential: CredentialSettings
  hostKeys: readonly string[]
  knownHostsFile?: string | undefined
  /** How often a silent host is asked whether it is there: the network may have dropped the connection without a word. */
  keepaliveSeconds?: number
}

/** A connection, and the login by which it was made. */
export interface OpenConnection {
  client: Client
  credential: SshCredential
}

// The longest that a timer waits before it looks at the clock again, which may have been set meanwhile.
const longestTimerMs = 3_600_000

/** Connects to the first of the hosts that answers; the connection ends with its certificate. The files are read each time. */
export async function openConnection(target: SshTarget): Promise<OpenConnection> {
  const { hosts, credential: files, hostKeys, knownHostsFile, keepaliveSeconds = 15 } = target
  const credential = await readCredential(files)
  const knownHosts = knownHostsFile === undefined ? '' : await readKnownHosts(knownHostsFile)
  let failure = new UnavailableError('there is no host to connect to')
  for (const host of hosts) {
    const known = findKnownKeys(knownHosts, host)
    const pins: HostKeyPins = { pinned: [...hostKeys, ...known.pinned], revoked: known.revoked }
    try {
      const client = await connectSsh(host, credential, pins, keepaliveSeconds)
      if (credential.validUntil !== null) endAt(credential.validUntil, client)
      return { client, credential }
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      failure = error
    }
  }
  throw failure
}

async function readKnownHosts(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw connectionError(
      'host-key',
      new UnavailableError(`the known-hosts-file can not be read: ${messageOf(cause)}`, { cause })
    )
  }
}

/** To use a connection longer than its certificate would be to log in without one. */
function endAt(moment: Date, client: Client): void {
  let timer: NodeJS.Timeout
  const wait = () => {
    const leftMs = moment.getTime() - Date.now()
    if (leftMs <= 0) client.end()
    else timer = setTimeout(wait, Math.min(leftMs, longestTimerMs)).unref()
  }
  wait()
  client.once('close', () => clearTimeout(timer))
}
