import { CredentialsError, UnavailableError } from '@lautta/core/errors'
import ssh2, { type Client } from 'ssh2'
import { fingerprintOf, isPinned } from './host-keys.ts'

/** Where to connect and as whom. */
export interface SshAddress {
  host: string
  port: number
  username: string
  privateKey: string
  hostKeys: readonly string[]
}

const readyTimeoutSeconds = 30
const keepaliveSeconds = 15

/** Opens a connection. An unknown host key, a refused login and an unreachable host are told apart. */
export function connectSsh({ host, port, username, privateKey, hostKeys }: SshAddress): Promise<Client> {
  const where = `${username}@${host}:${port}`
  const parsed = ssh2.utils.parseKey(privateKey)
  if (parsed instanceof Error)
    return Promise.reject(new CredentialsError(`the private key for ${where} can not be read: ${parsed.message}`))
  return new Promise((resolve, reject) => {
    let refusedKey: string | undefined
    const client = new ssh2.Client()
    // An error may follow another one, and an unheard one ends the process.
    client.on('error', () => client.end())
    client.once('ready', () => {
      // ssh2 leaves Nagle on: every command would wait some 40 ms for an acknowledgement.
      client.setNoDelay(true)
      resolve(client)
    })
    client.once('error', (error: Error & { level?: string }) => reject(explain(error)))
    client.once('close', () => reject(new UnavailableError(`${where} closed the connection before the login`)))
    const explain = (error: Error & { level?: string }) => {
      if (refusedKey !== undefined) {
        return new UnavailableError(`${host} shows the host key ${refusedKey}, which is not one of the pinned`, {
          hint: 'if the host really has a new key, put it under host-keys in the configuration'
        })
      }
      if (error.level === 'client-authentication') {
        return new CredentialsError(`${where} does not accept the key`, {
          cause: error,
          hint: 'is the public key registered, and for this user name?'
        })
      }
      return new UnavailableError(`${where} can not be reached: ${error.message}`, { cause: error })
    }
    client.connect({
      host,
      port,
      username,
      privateKey,
      readyTimeout: readyTimeoutSeconds * 1000,
      keepaliveInterval: keepaliveSeconds * 1000,
      keepaliveCountMax: 3,
      // Without a verifier ssh2 accepts any host key.
      hostVerifier: (key: Buffer) => {
        const pinned = isPinned(key, hostKeys)
        if (!pinned) refusedKey = fingerprintOf(key)
        return pinned
      }
    })
  })
}
