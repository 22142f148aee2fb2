import { RefusedError } from '@lautta/core/errors'

const prefix = 'x-amz-meta-'
// An encoded word has 75 characters at most; these bytes make 60 of Base64.
const mostWordBytes = 45
const word = /=\?utf-8\?([bq])\?([^?\s]*)\?=/gi
// What separates two encoded words is no part of the text.
const words = /=\?utf-8\?[bq]\?[^?\s]*\?=(?:\s+=\?utf-8\?[bq]\?[^?\s]*\?=)*/gi

/** Metadata as headers. What is not plain ASCII becomes encoded words (RFC 2047), as AWS wants it and Python's email reads it. */
export function writeMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [prefix + checkName(name), encodeText(checkValue(name, value))])
  )
}

/** The metadata among headers; UTF-8 as it is, which Swift writes, has been read as such before. */
export function readMetadata(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([header]) => header.startsWith(prefix))
      .map(([header, value]) => [header.slice(prefix.length), decodeText(value)])
  )
}

function checkName(name: string): string {
  // A header's name has no case, and RGW takes `_` for `-`.
  const lower = name.toLowerCase().replaceAll('_', '-')
  if (!/^[a-z0-9!#$&'*+.^`|~-]+$/.test(lower))
    throw new RefusedError(`metadata "${name}": a name has ASCII letters and digits only`)
  return lower
}

function checkValue(name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(value))
    throw new RefusedError(`metadata "${name}": its value has a line break or another control character in it`)
  return value
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
  return value.replace(words, (run) => {
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
