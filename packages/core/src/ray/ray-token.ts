import { keyedBase32 } from '../ids.ts'
import type { Run } from '../object-names.ts'

const tokenLength = 40

/**
 * What opens the Ray cluster that an attempt of a job starts. It follows from the installation's key, so that no store, no
 * queue and no batch script has it: it reaches the job as a variable, and whoever has the key can make it again.
 */
export function rayToken(key: Buffer, user: string, { id, platform, index, attempt }: Run): string {
  return keyedBase32(key, ['ray-token', user, id, platform, String(index), String(attempt)], tokenLength)
}

/** Whether a text can be a token at all: what is empty, or has blanks in it, no header carries. */
export function isRayToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}
