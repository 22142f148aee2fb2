import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export interface KeyOptions {
  type?: 'ed25519' | 'rsa'
  passphrase?: string
  /** The file's format: OpenSSH's own, unless told otherwise. */
  format?: 'PEM' | 'PKCS8'
}

/** A new key pair by ssh-keygen; answers the path of the private one. */
export function makeKey(folder: string, name: string, { type = 'ed25519', passphrase = '', format }: KeyOptions = {}): string {
  const path = join(folder, name)
  const size = type === 'rsa' ? ['-b', '2048'] : []
  const shape = format === undefined ? [] : ['-m', format]
  execFileSync('ssh-keygen', ['-q', '-t', type, ...size, ...shape, '-N', passphrase, '-C', name, '-f', path])
  return path
}

/** Signs a public key with an authority's; answers the path of the certificate. `more` are options of ssh-keygen. */
export function signKey(authority: string, key: string, more: readonly string[]): string {
  execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'a test', ...more, `${key}.pub`], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
  return `${key}-cert.pub`
}
