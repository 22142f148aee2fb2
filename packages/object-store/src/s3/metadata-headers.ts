import { isUtf8 } from 'node:buffer'
import { checkMetadataName, checkMetadataValue } from '../http/metadata-checks.ts'

const prefix = 'x-amz-meta-'
// An encoded word has 75 characters at most; these bytes make 60 of Base64.
const mostWordBytes = 45
const word = /=\?utf-8\?([bq])\?([^?\s]*)\?=/gi
// What separates two encoded words is no part of the text.
const words = /=\?utf-8\?[bq]\?[^?\s]*\?=(?:\s+=\?utf-8\?[bq]\?[^?\s]*\?=)*/gi

/** Metadata as headers. What is not plain ASCII becomes encoded words (RFC 2047), as AWS wants it and Python's email reads it. */
export function writeMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      prefix + checkMetadataName(name),
      encodeText(checkMetadataValue(name, value))
    ])
  )
}

/** The metadata among headers; others write UTF-8 as it is, of which HTTP makes a character from each byte. */
export function readMetadata(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([header]) => header.startsWith(prefix))
      .map(([header, value]) => [header.slice(prefix.length), decodeText(value)])
  )
}

function encodeText(text: string): string {
  // HTTP and signatures cut off and join spaces.
  const isPlain = /^[\x21-\x7e]*(?: [\x21-\x7e]+)*$/.test(text) && !text.includes('=?')
  return isPlain ? text : splitText(text).map(encodeWord).join(' ')
}

function encodeWord(text: string): string {
  return `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`
}

/** No character is divided between two words. */
function splitText(text: string): string[] {
  const pieces: string[] = []
  for (const character of text) {
    const longer = (pieces.at(-1) ?? '') + character
    if (pieces.length > 0 && Buffer.byteLength(longer) <= mostWordBytes) pieces[pieces.length - 1] = longer
    else pieces.push(character)
  }
  return pieces
}

function decodeText(value: string): string {
  const bytes = Buffer.from(value, 'latin1')
  return (isUtf8(bytes) ? bytes.toString() : value).replace(words, (run) => {
    // Others may divide characters: the bytes are joined first.
    const bytes = [...run.matchAll(word)].map(([, kind = '', text = '']) => decodeWord(kind.toLowerCase(), text))
    return Buffer.concat(bytes).toString()
  })
}

function decodeWord(kind: string, text: string): Buffer {
  if (kind === 'b') return Buffer.from(text, 'base64')
  const escaped = text
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return Buffer.from(escaped, 'latin1')
}
