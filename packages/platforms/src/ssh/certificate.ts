import { readWire, type WireReader, wireString } from './wire-reader.ts'

/** What an OpenSSH certificate says. */
export interface Certificate {
  /** As it is sent to the host. */
  blob: Buffer
  /** Of the certified key: ssh-ed25519 or ssh-rsa. */
  keyType: string
  /** The certified key, as SSH's binary format has it. */
  publicKey: Buffer
  kind: 'user' | 'host'
  keyId: string
  serial: bigint
  principals: readonly string[]
  /** Null when it has always been valid. */
  validAfter: Date | null
  /** Null when it is valid for ever. */
  validBefore: Date | null
  criticalOptions: Readonly<Record<string, string>>
}

const suffix = '-cert-v01@openssh.com'
// The fields of the public key, before those of the certificate (OpenSSH's PROTOCOL.certkeys).
const keyFields: Readonly<Record<string, number>> = { 'ssh-ed25519': 1, 'ssh-rsa': 2 }
const kinds: readonly (Certificate['kind'] | undefined)[] = [undefined, 'user', 'host']
const latestSeconds = 8_640_000_000_000n

/** Reads the line of a file like `id_ed25519-cert.pub`. Whatever is no certificate of a known type is an Error that says why. */
export function parseCertificate(line: string): Certificate {
  const [type = '', base64 = ''] = line.trim().split(/\s+/)
  if (!type.endsWith(suffix)) throw new Error('it is not a line of an OpenSSH certificate')
  const keyType = type.slice(0, -suffix.length)
  const fields = keyFields[keyType]
  if (fields === undefined) throw new Error(`its type is ${keyType}; ssh-ed25519 and ssh-rsa can be used`)
  const blob = Buffer.from(base64, 'base64')
  const reader = readWire(blob)
  if (reader.text() !== type) throw new Error('its two types differ')
  reader.bytes() // a nonce, against collisions
  const keyStart = reader.position()
  for (let field = 0; field < fields; field++) reader.bytes()
  const publicKey = Buffer.concat([wireString(keyType), blob.subarray(keyStart, reader.position())])
  const serial = reader.uint64()
  const kind = kinds[reader.uint32()]
  if (kind === undefined) throw new Error('it is neither for a user nor for a host')
  const keyId = reader.text()
  const principals = readPrincipals(readWire(reader.bytes()))
  const validAfter = readTime(reader.uint64())
  const validBefore = readTime(reader.uint64())
  const criticalOptions = readOptions(readWire(reader.bytes()))
  reader.bytes() // extensions, which nobody has to understand
  reader.bytes() // reserved
  reader.bytes() // the authority's key
  reader.bytes() // its signature, which the host verifies
  if (!reader.isAtEnd()) throw new Error('there is something after its end')
  return { blob, keyType, publicKey, kind, keyId, serial, principals, validAfter, validBefore, criticalOptions }
}

function readPrincipals(reader: WireReader): string[] {
  const principals: string[] = []
  while (!reader.isAtEnd()) principals.push(reader.text())
  return principals
}

/** 0 is always, and what no date can hold is for ever. */
function readTime(seconds: bigint): Date | null {
  return seconds === 0n || seconds > latestSeconds ? null : new Date(Number(seconds) * 1000)
}

// An option's content is a field within a field, or nothing.
function readOptions(reader: WireReader): Record<string, string> {
  const options: Record<string, string> = {}
  while (!reader.isAtEnd()) {
    const name = reader.text()
    const content = reader.bytes()
    options[name] = content.length === 0 ? '' : readWire(content).text()
  }
  return options
}
