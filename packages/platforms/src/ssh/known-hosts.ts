import { createHmac } from 'node:crypto'

/** What a known_hosts file says about one host. */
export interface KnownKeys {
  /** Lines like `ssh-ed25519 AAAA…`. */
  pinned: string[]
  revoked: string[]
}

/**
 * The keys of a host in an OpenSSH known_hosts file. Authorities (`@cert-authority`) are passed over: host certificates
 * are not asked for. So are lines that OpenSSH would not understand either.
 */
export function findKnownKeys(knownHosts: string, { host, port }: { host: string; port: number }): KnownKeys {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
  const found: KnownKeys = { pinned: [], revoked: [] }
  for (const line of knownHosts.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue
    const words = line.trim().split(/\s+/)
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined
    const [hosts = '', type = '', key = ''] = words
    if (!namesHost(hosts, name)) continue
    if (marker === undefined) found.pinned.push(`${type} ${key}`)
    if (marker === '@revoked') found.revoked.push(`${type} ${key}`)
  }
  return found
}

function namesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return isHashOf(hosts, name)
  const patterns = hosts.toLowerCase().split(',')
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1), name))) return false
  return patterns.some((pattern) => matches(pattern, name))
}

/** `|1|salt|hash`: the name's HMAC-SHA1 under the salt. */
function isHashOf(hashed: string, name: string): boolean {
  const [, version, salt = '', hash] = hashed.split('|')
  return version === '1' && createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}

function matches(pattern: string, name: string): boolean {
  const expression = pattern.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  return new RegExp(`^${expression.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name)
}
