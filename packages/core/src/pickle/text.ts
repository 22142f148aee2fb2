const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads UTF-8 as Python's pickles have it: a lone surrogate is three bytes, which UTF-8 proper does not allow. (Two
 * that stand beside each other are one character here, as everywhere in JavaScript.) Null for what is no such text.
 */
export function decodeText(bytes: Buffer): string | null {
  const text = bytes.toString()
  // U+FFFD stands for itself or for what could not be read.
  return text.includes('\ufffd') ? (decodeUtf8(bytes) ?? decodeWithSurrogates(bytes)) : text
}

/** The UTF-8 of a text, with three bytes for each lone surrogate. */
export function encodeText(text: string): Buffer {
  const parts = text.split(/(\p{Surrogate})/u)
  return Buffer.concat(parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : encodeSurrogate(part.charCodeAt(0)))))
}

/** Reads what Python calls raw-unicode-escape: Latin-1 with \uXXXX and \UXXXXXXXX. Null for what is no such text. */
export function decodeRawUnicode(line: string): string | null {
  let isText = true
  const text = line.replace(/\\(?:u[\da-fA-F]{4}|U[\da-fA-F]{8}|.|$)/gs, (found) => {
    if (!found.startsWith('\\u') && !found.startsWith('\\U')) return found
    const code = Number.parseInt(found.slice(2), 16)
    if (code <= 0x10ffff) return String.fromCodePoint(code)
    isText = false
    return ''
  })
  return isText ? text : null
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\\\', '\\'],
  ["\\'", "'"],
  ['\\"', '"'],
  ['\\n', '\n'],
  ['\\r', '\r'],
  ['\\t', '\t']
])

/** Reads a str of Python 2 as its repr has it, quoted and with escapes. Null for what is no such text. */
export function decodeQuoted(line: string): string | null {
  const quote = line.at(0)
  if (line.length < 2 || (quote !== "'" && quote !== '"') || line.at(-1) !== quote) return null
  let isText = true
  const raw = line.slice(1, -1).replace(/\\(?:x[\da-fA-F]{2}|.|$)/gs, (found) => {
    const plain = found.length === 4 ? String.fromCharCode(Number.parseInt(found.slice(2), 16)) : escapes.get(found)
    if (plain === undefined) isText = false
    return plain ?? ''
  })
  return isText ? decodeText(Buffer.from(raw, 'latin1')) : null
}

function decodeUtf8(bytes: Buffer): string | null {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return null
  }
}

const standIn = { unit: 0xffff, utf8: 0xefbfbf }

/** Each surrogate is U+FFFF for the decoder and put back in its turn; a true U+FFFF takes its turn too. */
function decodeWithSurrogates(bytes: Buffer): string | null {
  const decodable = Buffer.from(bytes)
  const units: number[] = []
  for (let at = 0; at + 3 <= decodable.length; at++) {
    const three = decodable.readUIntBE(at, 3)
    const isSurrogate = (three & 0xffe0c0) === 0xeda080
    if (isSurrogate || three === standIn.utf8) units.push(((three >> 4) & 0xf000) | ((three >> 2) & 0xfc0) | (three & 0x3f))
    if (isSurrogate) decodable.writeUIntBE(standIn.utf8, at, 3)
  }
  const text = decodeUtf8(decodable)
  return text === null ? null : putBack(text, units)
}

function putBack(text: string, units: readonly number[]): string {
  const encoded = Buffer.from(text, 'utf16le')
  let turn = 0
  for (let at = 0; at < encoded.length; at += 2)
    if (encoded.readUInt16LE(at) === standIn.unit) encoded.writeUInt16LE(units[turn++] ?? standIn.unit, at)
  return encoded.toString('utf16le')
}

function encodeSurrogate(code: number): Buffer {
  return Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)])
}
