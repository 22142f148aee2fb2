import { createHash } from 'node:crypto'
import ssh2, { type ParsedKey } from 'ssh2'

const mostKept = 100
const kept = new Map<string, ParsedKey | Error>()

/**
 * Opens a private key; an Error says why it can not be. What came of an encrypted one is remembered: OpenSSH's
 * encryption is slow on purpose, and in JavaScript nothing else runs meanwhile, half a second or more.
 */
export function openPrivateKey(text: string, passphrase: string | undefined): ParsedKey | Error {
  if (passphrase === undefined) return ssh2.utils.parseKey(text)
  const digest = createHash('sha256')
    .update(JSON.stringify([text, passphrase]))
    .digest('hex')
  const known = kept.get(digest)
  if (known !== undefined) return known
  const key = ssh2.utils.parseKey(text, passphrase)
  if (kept.size === mostKept) kept.clear()
  kept.set(digest, key)
  return key
}
