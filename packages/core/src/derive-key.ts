import { hkdfSync } from 'node:crypto'

/** A key of its own for each purpose, all from the installation's one master key: none of them tells another. */
export function deriveKey(masterKey: string, purpose: 'documents' | 'object urls' | 'temporary urls'): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `lautta ${purpose}`, 32))
}
