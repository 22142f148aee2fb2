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
}

/** The connection, for one command. */
interface TakenConnection {
  client: Client
  giveBack(): void
  /** Nobody takes this connection any more; it closes when all have given it back. */
  retire(): void
}

/** Keeps one connection for all commands. */
export interface ConnectionKeeper {
  take(): Promise<TakenConnection>
  close(): Promise<void>
}

interface KeptConnection {
  client: Client
  credential: SshCredential
  openedAtMs: number
  takers: number
  isRetired: boolean
}

// The longest that a timer waits before it looks at the clock again, which may have been set meanwhile.
const longestTimerMs = 3_600_000

/**
 * Opens a connection when it is first needed, and another one after it was lost, has become too old, or has another
 * certificate in its file. The files are read for each.
 */
export function keepConnection(target: SshTarget, maxAgeSeconds: number): ConnectionKeeper {
  const clients = new Set<Client>()
  let present: Promise<KeptConnection> | null = null
  let closed = false

  const open = (): Promise<KeptConnection> => {
    const opening = openConnection(target)
    const forget = () => {
      if (present === opening) present = null
    }
    opening.then(({ client }) => {
      clients.add(client)
      client.once('close', () => {
        clients.delete(client)
        forget()
      })
    }, forget)
    return opening
  }
  const take = async (): Promise<TakenConnection> => {
    for (;;) {
      if (closed) throw new UnavailableError('the connection was closed')
      present ??= open()
      const opening = present
      const kept = await opening
      const retire = () => {
        kept.isRetired = true
        if (present === opening) present = null
        if (kept.takers === 0) kept.client.end()
      }
      if (await isTooOld(kept, target.credential, maxAgeSeconds)) retire()
      if (kept.isRetired) continue
      kept.takers++
      return { client: kept.client, giveBack: giveBackOnce(kept), retire }
    }
  }
  return {
    take,
    async close() {
      closed = true
      await present?.catch(() => null)
      for (const client of clients) client.end()
    }
  }
}

function giveBackOnce(kept: KeptConnection): () => void {
  let isGivenBack = false
  return () => {
    if (isGivenBack) return
    isGivenBack = true
    kept.takers--
    if (kept.isRetired && kept.takers === 0) kept.client.end()
  }
}

async function isTooOld(
  { openedAtMs, credential }: KeptConnection,
  files: CredentialSettings,
  maxAgeSeconds: number
): Promise<boolean> {
  if (Date.now() - openedAtMs >= maxAgeSeconds * 1000) return true
  if (credential.validUntil !== null && Date.now() >= credential.validUntil.getTime()) return true
  if (credential.certificate === null || files.certificateFile === undefined) return false
  // One that can not be read now takes nothing away from the one that was shown.
  const line = await readFile(files.certificateFile, 'utf8').catch(() => null)
  return line !== null && line !== credential.certificate
}

async function openConnection({ hosts, credential: files, hostKeys, knownHostsFile }: SshTarget): Promise<KeptConnection> {
  const credential = await readCredential(files)
  const knownHosts = knownHostsFile === undefined ? '' : await readKnownHosts(knownHostsFile)
  let failure = new UnavailableError('there is no host to connect to')
  for (const host of hosts) {
    const known = findKnownKeys(knownHosts, host)
    const pins: HostKeyPins = { pinned: [...hostKeys, ...known.pinned], revoked: known.revoked }
    try {
      const client = await connectSsh(host, credential, pins)
      const kept = { client, credential, openedAtMs: Date.now(), takers: 0, isRetired: false }
      client.once('close', () => {
        kept.isRetired = true
      })
      if (credential.validUntil !== null) endAt(credential.validUntil, client)
      return kept
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
