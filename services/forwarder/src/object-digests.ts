import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Problem } from './problem.ts'

type Algorithm = 'md5' | 'sha256'

/** A checksum that a client told of what it sends. */
export interface Digest {
  header: string
  algorithm: Algorithm
  /** In hexadecimal digits. */
  expected: string
}

const base64Of = { md5: /^[A-Za-z0-9+/]{22}==$/, sha256: /^[A-Za-z0-9+/]{43}=$/ }
const wordFor = { md5: 'MD5', sha256: 'SHA-256' }
// As RFC 9530 calls them; others than these may be passed over.
const algorithmNamed: Readonly<Record<string, Algorithm>> = { md5: 'md5', 'sha-256': 'sha256' }

/**
 * The checksums in the headers of an upload: Content-MD5, Content-Digest and Repr-Digest (RFC 9530), and
 * X-Checksum-SHA256 in the hexadecimal digits that `sha256sum` prints.
 */
export function readDigests(headers: IncomingHttpHeaders): Digest[] {
  const digests: Digest[] = []
  const md5 = headers['content-md5']
  if (md5 !== undefined) digests.push(fromBase64('content-md5', 'md5', String(md5)))
  for (const header of ['content-digest', 'repr-digest']) {
    const members = headers[header] === undefined ? [] : String(headers[header]).split(',')
    for (const member of members) {
      const [, name = '', value] = /^\s*([a-z0-9*.-]+)=:([^:]*):\s*$/.exec(member) ?? []
      if (value === undefined) throw unreadable(header, 'it is written sha-256=:<base64>:')
      const algorithm = algorithmNamed[name]
      if (algorithm !== undefined) digests.push(fromBase64(header, algorithm, value))
    }
  }
  const sha256 = headers['x-checksum-sha256']
  if (sha256 !== undefined) {
    const expected = String(sha256).toLowerCase()
    if (!/^[0-9a-f]{64}$/.test(expected)) throw unreadable('x-checksum-sha256', 'it has 64 hexadecimal digits')
    digests.push({ header: 'x-checksum-sha256', algorithm: 'sha256', expected })
  }
  return digests
}

/** Computes what is to be compared, while it streams by; `verify` throws a problem that names both checksums. */
export function createDigestCheck(digests: readonly Digest[]) {
  const hashes = new Map(digests.map(({ algorithm }) => [algorithm, createHash(algorithm)]))
  return {
    update(chunk: Buffer): void {
      for (const hash of hashes.values()) hash.update(chunk)
    },
    verify(): void {
      const found = new Map([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')]))
      const errors = digests
        .filter(({ algorithm, expected }) => found.get(algorithm) !== expected)
        .map(({ header, algorithm, expected }) => {
          return {
            path: header,
            message: `the ${wordFor[algorithm]} of what arrived is ${found.get(algorithm)}, not ${expected}`
          }
        })
      const [first] = errors
      if (first !== undefined) throw new Problem(400, `${first.message}; nothing was stored`, { hint: 'send it again', errors })
    }
  }
}

function fromBase64(header: string, algorithm: Algorithm, value: string): Digest {
  if (!base64Of[algorithm].test(value)) throw unreadable(header, `it is no ${wordFor[algorithm]} in Base64`)
  return { header, algorithm, expected: Buffer.from(value, 'base64').toString('hex') }
}

function unreadable(header: string, message: string): Problem {
  return new Problem(400, `the header ${header} can not be read: ${message}`, { errors: [{ path: header, message }] })
}
