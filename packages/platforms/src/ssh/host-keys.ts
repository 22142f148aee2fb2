import { createHash } from 'node:crypto'
import { readWire } from './wire-reader.ts'

/** The keys that a host may show, and those that it must not: lines like `ssh-ed25519 AAAA…`, or fingerprints like `SHA256:…`. */
export interface HostKeyPins {
  pinned: readonly string[]
  revoked: readonly string[]
}

/** Asked for in this sequence: what servers prefer, without SHA-1. RSA has one type of key and two of signatures. */
const algorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256'
] as const
export type HostKeyAlgorithm = (typeof algorithms)[number]

/** The fingerprint of a host key as ssh-keygen prints it. */
export function fingerprintOf(hostKey: Buffer): string {
  return `SHA256:${createHash('sha256').update(hostKey).digest('base64').replace(/=+$/, '')}`
}

/** The type that a host key itself names. */
export function hostKeyType(hostKey: Buffer): string {
  return readWire(hostKey).text()
}

/** What the pins say about a key. It has changed when keys are pinned and this is none of them. */
export function judgeHostKey(hostKey: Buffer, { pinned, revoked }: HostKeyPins): 'pinned' | 'revoked' | 'changed' | 'unknown' {
  if (revoked.some((pin) => isPinnedBy(pin, hostKey))) return 'revoked'
  if (pinned.some((pin) => isPinnedBy(pin, hostKey))) return 'pinned'
  return pinned.length === 0 ? 'unknown' : 'changed'
}

/** A host has keys of several types and shows the first that is asked for: one of which we know the key. */
export function preferPinned({ pinned }: HostKeyPins): HostKeyAlgorithm[] {
  const types = new Set(pinned.flatMap((pin) => pin.split(/\s+/)))
  const isKnown = (algorithm: string) => types.has(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm)
  return [...algorithms.filter(isKnown), ...algorithms.filter((algorithm) => !isKnown(algorithm))]
}

function isPinnedBy(pin: string, hostKey: Buffer): boolean {
  const key = pin
    .trim()
    .split(/\s+/)
    .find((word) => word.startsWith('SHA256:') || word.startsWith('AAAA'))
  return key === fingerprintOf(hostKey) || key === hostKey.toString('base64')
}
