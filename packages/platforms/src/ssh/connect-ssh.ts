import { CredentialsError, UnavailableError } from '@lautta/core/errors'
import ssh2, { type Client, type PublicKeyAuthMethod } from 'ssh2'
import { letLoginByCertificate } from './certified-key.ts'
import { type ConnectionStep, connectionError } from './connection-step.ts'
import { fingerprintOf, type HostKeyPins, hostKeyType, judgeHostKey, preferPinned } from './host-keys.ts'
import type { SshCredential } from './read-credential.ts'

/** A login node. */
export interface SshHost {
  host: string
  port: number
}

const readyTimeoutSeconds = 30
// Questions that a host may leave unanswered before its connection counts as lost.
const mostUnanswered = 3

type ClientError = Error & { level?: string; code?: unknown }

/** Opens a connection, which ends when its host falls silent. What it throws tells the step that failed. */
export function connectSsh(
  { host, port }: SshHost,
  { username, key, certificate }: SshCredential,
  pins: HostKeyPins,
  keepaliveSeconds: number
): Promise<Client> {
  const where = `${username}@${host}:${port}`
  const login: PublicKeyAuthMethod = { type: 'publickey', username, key }
  return new Promise((resolve, reject) => {
    let step: ConnectionStep = 'name'
    let refusal: UnavailableError | null = null
    const client = new ssh2.Client()
    const fail = (failure: Error) => reject(connectionError(step, failure))
    // An error may follow another one, and an unheard one ends the process.
    client.on('error', () => client.end())
    client.once('connect', () => {
      step = 'tcp'
    })
    client.once('ready', () => {
      // ssh2 leaves Nagle on: every command would wait some 40 ms for an acknowledgement.
      client.setNoDelay(true)
      // Each command that is under way listens for the connection's end.
      client.setMaxListeners(0)
      resolve(client)
    })
    client.once('error', (error: ClientError) => {
      if (step === 'name' && !isAboutName(error)) step = 'tcp'
      fail(refusal ?? explain(error, where))
    })
    client.once('close', () => fail(new UnavailableError(`${where} closed the connection before the login`)))
    client.connect({
      host,
      port,
      username,
      authHandler: [login],
      algorithms: { serverHostKey: preferPinned(pins) },
      readyTimeout: readyTimeoutSeconds * 1000,
      keepaliveInterval: keepaliveSeconds * 1000,
      keepaliveCountMax: mostUnanswered,
      // Without a verifier ssh2 accepts any host key.
      hostVerifier: (hostKey: Buffer) => {
        refusal = refuseHostKey(host, hostKey, pins)
        step = refusal === null ? 'login' : 'host-key'
        return refusal === null
      }
    })
    if (certificate !== null) letLoginByCertificate(client)
  })
}

function isAboutName({ code }: ClientError): boolean {
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN'
}

function refuseHostKey(host: string, hostKey: Buffer, pins: HostKeyPins): UnavailableError | null {
  const shown = `${host} shows the host key ${fingerprintOf(hostKey)} (${hostKeyType(hostKey)})`
  const comparing = 'compare it with what its operators publish'
  switch (judgeHostKey(hostKey, pins)) {
    case 'pinned':
      return null
    case 'revoked':
      return new UnavailableError(`${shown}, which is revoked`, { hint: 'ask its operators: somebody else may have this key' })
    case 'changed':
      return new UnavailableError(
        `${shown}, which is not one of the keys pinned for it: its key has changed, or it is another host`,
        {
          hint: `${comparing}; only when that is the new key, put it in the place of the old one in host-keys or the known-hosts-file`
        }
      )
    case 'unknown':
      return new UnavailableError(`${shown}, and none is pinned for it`, {
        hint: `${comparing}, then put it under host-keys or into the known-hosts-file of the configuration`
      })
  }
}

function explain(error: ClientError, where: string): Error {
  if (error.level === 'client-authentication') {
    return new CredentialsError(`${where} does not accept the key`, {
      cause: error,
      isRefusedByHost: true,
      hint: 'is the public key registered, or its certificate made by an authority of the host, and for this user name?'
    })
  }
  return new UnavailableError(`${where} can not be reached: ${error.message}`, { cause: error })
}
