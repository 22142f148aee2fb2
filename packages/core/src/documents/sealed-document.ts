import { createHmac, timingSafeEqual } from 'node:crypto'
import type { z } from 'zod'
import { canonicalJson } from '../canonical-json.ts'

/** Where a document lies. It is part of what is signed: a copy elsewhere in the bucket has no valid HMAC. */
export interface DocumentPlace {
  bucket: string
  path: string
}

/**
 * The bytes of a document with its HMAC, in place of the one that it may have from before; keys are in wire form. `texts`
 * remembers parts of documents that never change, so that they are written out once.
 */
export function sealDocument(document: object, place: DocumentPlace, key: Buffer, texts?: WeakMap<object, string>): Buffer {
  const { hmac: _former, ...rest } = document as { hmac?: unknown }
  const text = canonicalJson(rest, texts)
  return Buffer.from(`${text.slice(0, -1)},"hmac":"${hmacOf(text, place, key)}"}`)
}

/** Why a document was not believed: it is as if it were not there. */
export class UntrustedDocumentError extends Error {}

/** A document of ours that this version can't read: it is there, so what it is about is left alone. */
export class UnreadableDocumentError extends Error {}

/** What was read, or null in place of what a newer version wrote: nothing is to be done about that. */
export async function leaveUnreadable<Read>(reading: Promise<Read>): Promise<Read | null> {
  return reading.catch((error: unknown) => {
    if (error instanceof UnreadableDocumentError) return null
    throw error
  })
}

/**
 * Reads a document that only Lautta may have written; throws UntrustedDocumentError when it is not, and
 * UnreadableDocumentError when a newer version must have written it.
 */
export function openDocument<Schema extends z.ZodType>(
  bytes: Uint8Array,
  place: DocumentPlace,
  key: Buffer,
  schema: Schema
): z.output<Schema> {
  const told = `${place.bucket}/${place.path}`
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new UntrustedDocumentError(`${told} is not JSON`, { cause })
  }
  const { hmac, ...rest } = Object(document) as { hmac?: unknown }
  const expected = Buffer.from(hmacOf(canonicalJson(rest), place, key))
  const found = Buffer.from(typeof hmac === 'string' ? hmac : '')
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    throw new UntrustedDocumentError(`${told} was not written by Lautta: its HMAC is not valid`)
  }
  const parsed = schema.safeParse(document)
  if (!parsed.success) {
    const words = `${told} has a form that this version does not know: a newer Lautta wrote it, so run that one`
    throw new UnreadableDocumentError(words, { cause: parsed.error })
  }
  return parsed.data
}

function hmacOf(text: string, { bucket, path }: DocumentPlace, key: Buffer): string {
  return createHmac('sha256', key).update(`${bucket}/${path}\n${text}`).digest('base64url')
}
