import { readFile, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { hasCode, RefusedError } from '@lautta/core/errors'
import { trimSecretPath } from '@lautta/core/orchestration/direction'
import { parse } from 'yaml'

/** A file, or a value in one, from the user's own folder of secrets; links out of that folder are not followed. */
export async function readSecret(folder: string, path: string, value: string): Promise<Buffer> {
  const relative = trimSecretPath(path)
  const notThere = new RefusedError(`local/submitter has no ${relative}`, {
    hint: 'files are mounted into the secrets folder, in the folder of the user'
  })
  const content = await readInside(folder, relative)
  if (content === null) throw notThere
  return value === 'None' ? content : Buffer.from(pickValue(content.toString('utf8'), value, relative))
}

/** Null for what is not a file of that folder that we may read. */
async function readInside(folder: string, relative: string): Promise<Buffer | null> {
  try {
    const home = await realpath(folder)
    const file = await realpath(join(home, relative))
    return file.startsWith(home + sep) ? await readFile(file) : null
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG')) return null
    throw error
  }
}

/** The value at a path like `integration/cloud-hpc/key` of JSON, YAML, or `NAME=value` lines. */
function pickValue(text: string, path: string, file: string): string {
  const inLines = new RegExp(`^(?:export\\s+)?${escapeRegExp(path)}\\s*=\\s*(.*)$`, 'm').exec(text)?.[1]
  if (inLines !== undefined) return inLines.trim().replace(/^(["'])(.*)\1$/, '$2')
  let found: unknown
  try {
    found = path.split('/').reduce<unknown>(
      (inner, key) =>
        inner !== null && typeof inner === 'object' && Object.hasOwn(inner, key)
          ? (inner as Record<string, unknown>)[key]
          : undefined,
      // Its warnings would print the line.
      parse(text, { logLevel: 'error' })
    )
  } catch {
    // Neither lines nor YAML: there is no value in it. The parser's words could quote the secret.
  }
  if (found === undefined || found === null) throw new RefusedError(`local/submitter's ${file} has no value ${path}`)
  return typeof found === 'string' ? found : JSON.stringify(found)
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** Whether the content is a private key, in whatever form it is written. */
export function isPrivateKey(content: Buffer): boolean {
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----|^PuTTY-User-Key-File/m.test(content.toString('latin1'))
}
