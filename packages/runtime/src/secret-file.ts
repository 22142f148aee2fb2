import { randomBytes } from 'node:crypto'
import { closeSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { hasCode } from '@lautta/core/errors'

/** The secret in a file that only its owner may read; made when the file is not there. */
export function readOrMakeSecret(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const fresh = `${path}.${process.pid}`
  const file = openSync(fresh, 'w', 0o600)
  writeSync(file, `${randomBytes(32).toString('base64url')}\n`)
  closeSync(file)
  try {
    // link() does not replace: of two that start at once, both go on with the first one's secret.
    linkSync(fresh, path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    rmSync(fresh)
  }
  return readFileSync(path, 'utf8').trim()
}
