import type { Client, ParsedKey } from 'ssh2'
import type { Certificate } from './certificate.ts'
import { wireString } from './wire-reader.ts'

const suffix = '-cert-v01@openssh.com'
const userauthRequest = 50

/** A key as it logs in by itself. RSA signs with SHA-512: ssh2 would fall back on SHA-1 where a host does not say what it takes. */
export function plainKey(key: ParsedKey): ParsedKey {
  return key.type === 'ssh-rsa' ? variantOf(key, 'rsa-sha2-512', key.getPublicSSH(), 'sha512') : key
}

/** A key that logs in by its certificate: what it shows is the certificate, what it signs with is itself. */
export function certifiedKey(key: ParsedKey, { blob }: Certificate): ParsedKey {
  if (key.type === 'ssh-rsa') return variantOf(key, `rsa-sha2-512${suffix}`, blob, 'sha512')
  return variantOf(key, `${key.type}${suffix}`, blob, undefined)
}

// Of the old one by prototype, or ssh2 does not know it as a key.
function variantOf(key: ParsedKey, type: string, publicKey: Buffer, hash: string | undefined): ParsedKey {
  const variant: ParsedKey = Object.create(key, {
    type: { value: type },
    getPublicSSH: { value: () => publicKey },
    sign: { value: (data: Buffer) => key.sign(data, hash) }
  })
  return variant
}

type Sign = (data: Buffer, use: (signature: Buffer) => void) => void

/** The parts of ssh2's own that are needed here: they are no promise, so its version is pinned. */
interface Ssh2Protocol {
  authPK(username: string, key: ParsedKey, algorithm?: string, sign?: Sign): void
  readonly _kex: { readonly sessionID: Buffer }
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer }
  }
  readonly _authsQueue: string[]
  readonly _cipher: { encrypt(packet: Buffer): void }
}

/**
 * Lets a client that is connecting log in by certificate. ssh2 has one name for the type of the key and of the signature;
 * OpenSSH wants the certificate's for the first and the plain one for the second.
 */
export function letLoginByCertificate(client: Client): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isKnownInside(protocol)) throw new Error('this version of ssh2 can not log in by certificate')
  const ask = protocol.authPK
  protocol.authPK = (username, key, algorithm, sign) => {
    if (sign === undefined || !key.type.endsWith(suffix)) return ask.call(protocol, username, key, algorithm, sign)
    const fields = [username, 'ssh-connection', 'publickey'].map(wireString)
    const request = Buffer.concat([
      Buffer.of(userauthRequest),
      ...fields,
      Buffer.of(1),
      ...[key.type, key.getPublicSSH()].map(wireString)
    ])
    sign(Buffer.concat([wireString(protocol._kex.sessionID), request]), (signature) => {
      const plainType = key.type.slice(0, -suffix.length)
      const proof = wireString(Buffer.concat([wireString(plainType), wireString(signature)]))
      const { write } = protocol._packetRW
      const packet = write.alloc(request.length + proof.length)
      packet.set(Buffer.concat([request, proof]), write.allocStart)
      protocol._authsQueue.push('publickey')
      protocol._cipher.encrypt(write.finalize(packet))
    })
  }
}

function isKnownInside(protocol: unknown): protocol is Ssh2Protocol {
  if (typeof protocol !== 'object' || protocol === null) return false
  return ['authPK', '_packetRW', '_authsQueue', '_cipher'].every((name) => name in protocol)
}
