import { createHash } from 'node:crypto'

/** The fingerprint of a host key as ssh-keygen prints it. */
export function fingerprintOf(hostKey: Buffer): string {
  return `SHA256:${createHash('sha256').update(hostKey).digest('base64').replace(/=+$/, '')}`
}

/** Whether a host key is one of the pinned: lines like `ssh-ed25519 AAAA…`, or fingerprints like `SHA256:…`. */
export function isPinned(hostKey: Buffer, pinned: readonly string[]): boolean {
  const fingerprint = fingerprintOf(hostKey)
  return pinned.some((pin) =>
    pin.startsWith('SHA256:') ? pin === fingerprint : pin.split(/\s+/)[1] === hostKey.toString('base64')
  )
}
