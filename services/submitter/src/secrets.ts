import { readFile, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { RefusedError } from '@lautta/core/errors'
import { trimSecretPath } from '@lautta/core/orchestration/direction'
import { parse } from 'yaml'

/** A file, or a value in one, from the user's own folder of secrets; links out of that folder are not followed. */
export async function readSecret(folder: string, path: string, value: string): Promise<Buffer> {
  const relative = trimSecretPath(path)
  const notThere = new RefusedError(`local/submitter has no ${relative}`, {
    hint: 'files are mounted into the secrets folder, in the folder of the user'
  })
  const home = await realpath(folder).catch(() => null)
  const file = home === null ? null : await realpath(join(home, relative)).catch(() => null)
  if (home === null || file === null || !file.startsWith(home + sep)) throw notThere
  const content = await readFile(file).catch(() => {
    throw notThere
  })
  return value === 'None' ? content : Buffer.from(pickValue(content.toString('utf8'), value, relative))
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
