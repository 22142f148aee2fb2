import { hkdfSync } from 'node:crypto'

type KeyPurpose = 'documents' | 'object urls' | 'temporary urls' | 'forward streams' | 'forwarded pages'

/** A key of its own for each purpose, all from the installation's one master key: none of them tells another. */
export function deriveKey(masterKey: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `lautta ${purpose}`, 32))
}
