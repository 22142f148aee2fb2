import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { Problem } from './problem.ts'

const prefix = 'x-object-meta-'
// What S3 takes, the strictest of the stores.
const mostBytes = 2048

/** The metadata that an upload brings. The version is counted by Lautta. */
export function readMetadata(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) => {
    const own = name.startsWith(prefix) ? name.slice(prefix.length) : ''
    return own === '' || own === 'version' ? [] : [[own, decodeHeader(String(value))] as const]
  })
  const usedBytes = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
  if (usedBytes > mostBytes) {
    throw new Problem(400, `the metadata has ${usedBytes} bytes, names and values together; ${mostBytes} is the most`, {
      hint: 'put what is longer into an object of its own'
    })
  }
  return Object.fromEntries(entries)
}

/** The headers that tell an object's metadata. */
export function metadataHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [prefix + name, encodeHeader(value)]))
}

/** Node reads a header's bytes as Latin-1; those that are UTF-8 are meant as such. */
function decodeHeader(value: string): string {
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : value
}

/** The same way back. What no header can hold, which another program may have put there, becomes a space. */
function encodeHeader(value: string): string {
  return Buffer.from(value, 'utf8')
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ')
}
