import { z } from 'zod'
import { Problem } from '../problem.ts'
import type { Resume } from './read-plan.ts'

const cursorSchema = z.tuple([z.array(z.union([z.string(), z.number()])).min(1), z.number().int().min(0)])

/** Where an answer ended, as text. */
export function writeCursor({ position, rows }: Resume): string {
  return Buffer.from(JSON.stringify([position, rows])).toString('base64url')
}

/** The same read back; null: from the beginning. */
export function readCursor(cursor: string | undefined): Resume | null {
  if (cursor === undefined) return null
  try {
    const [position, rows] = cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    return { position, rows }
  } catch {
    const errors = [{ path: 'cursor', message: 'it is none that this list gave' }]
    throw new Problem(400, 'the cursor can not be read', { errors, hint: 'send `next` of the answer before as it is' })
  }
}
