import { XMLParser } from 'fast-xml-parser'
import type { z } from 'zod'

const lists = new Set(['Contents', 'CommonPrefixes', 'Upload'])

// Names that look like numbers stay text; attributes, which S3 has only for namespaces, are passed over.
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  jPath: false,
  isArray: (name) => lists.has(name)
})

/** What an XML document of S3 says, if it is one of that form; null: it is something else, or not all of it. */
export function readXml<Content>(text: string, form: z.ZodType<Content>): Content | null {
  const read = form.safeParse(parseXml(text))
  return read.success ? read.data : null
}

function parseXml(text: string): unknown {
  // No answer of S3 defines entities, which could grow without bounds.
  if (/<!DOCTYPE/i.test(text)) return null
  try {
    const document: Record<string, unknown> = parser.parse(text)
    // The parser takes a document that breaks off for a shorter one.
    const isWhole = Object.keys(document).some((root) => text.trimEnd().endsWith(`</${root}>`))
    return isWhole ? document : null
  } catch {
    return null
  }
}
