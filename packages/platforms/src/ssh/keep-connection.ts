import { readFile } from 'node:fs/promises'
import { UnavailableError } from '@lautta/core/errors'
import type { Client } from 'ssh2'
import { type OpenConnection, openConnection, type SshTarget } from './open-connection.ts'
import type { CredentialSettings } from './read-credential.ts'
import { rememberFailure } from './remember-failure.ts'

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
  /** Whether a connection is there now that the next command can use. */
  isOpen(): boolean
  close(): Promise<void>
}

interface KeptConnection extends OpenConnection {
  openedAtMs: number
  takers: number
  isRetired: boolean
}

/**
 * Opens a connection when it is first needed, and another one after it was lost, has become too old, or has another
 * certificate in its file.
 */
export function keepConnection(target: SshTarget, maxAgeSeconds: number): ConnectionKeeper {
  const clients = new Set<Client>()
  const connect = rememberFailure(() => openConnection(target), target.credential)
  let present: Promise<KeptConnection> | null = null
  let lastOpened: KeptConnection | null = null
  let closed = false

  const open = (): Promise<KeptConnection> => {
    const opening = connect().then((opened) => ({ ...opened, openedAtMs: Date.now(), takers: 0, isRetired: false }))
    const forget = () => {
      if (present === opening) present = null
    }
    opening.then((kept) => {
      lastOpened = kept
      clients.add(kept.client)
      kept.client.once('close', () => {
        kept.isRetired = true
        clients.delete(kept.client)
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
    isOpen: () => !closed && lastOpened !== null && !lastOpened.isRetired && !isPastItsTime(lastOpened, maxAgeSeconds),
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

async function isTooOld(kept: KeptConnection, files: CredentialSettings, maxAgeSeconds: number): Promise<boolean> {
  if (isPastItsTime(kept, maxAgeSeconds)) return true
  if (kept.credential.certificate === null || files.certificateFile === undefined) return false
  // One that can not be read now takes nothing away from the one that was shown.
  const line = await readFile(files.certificateFile, 'utf8').catch(() => null)
  return line !== null && line !== kept.credential.certificate
}

function isPastItsTime({ openedAtMs, credential }: KeptConnection, maxAgeSeconds: number): boolean {
  if (Date.now() - openedAtMs >= maxAgeSeconds * 1000) return true
  return credential.validUntil !== null && Date.now() >= credential.validUntil.getTime()
}
