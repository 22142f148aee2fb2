const blockBytes = 512
const nameBytes = 100
// What one write to the connection has, at least.
const gatheredBytes = 256 * 1024

/** A file for an archive. */
export interface TarFile {
  name: string
  content: Buffer
  mode: number
}

/** An archive as GNU tar reads it, in parts that are worth sending; without the mark of its end. */
export function* writeTar(files: Iterable<TarFile>): Generator<Buffer> {
  let parts: Buffer[] = []
  let bytes = 0
  for (const file of files) {
    for (const part of writeMember(file)) {
      parts.push(part)
      bytes += part.length
    }
    if (bytes >= gatheredBytes) {
      yield Buffer.concat(parts)
      parts = []
      bytes = 0
    }
  }
  if (bytes > 0) yield Buffer.concat(parts)
}

/** The mark of an archive's end. */
export const tarEnd = Buffer.alloc(2 * blockBytes)

function writeMember({ name, content, mode }: TarFile): Buffer[] {
  const longName = Buffer.from(`${name}\0`)
  const long =
    longName.length <= nameBytes
      ? []
      : [writeHeader('././@LongLink', 'L', longName.length, 0), longName, padding(longName.length)]
  return [...long, writeHeader(name, '0', content.length, mode), content, padding(content.length)]
}

function padding(bytes: number): Buffer {
  return Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes)
}

function writeHeader(name: string, type: string, bytes: number, mode: number): Buffer {
  const header = Buffer.alloc(blockBytes)
  header.write(name, 0, nameBytes)
  const writeOctal = (value: number, at: number, digits: number) => header.write(value.toString(8).padStart(digits, '0'), at)
  writeOctal(mode, 100, 7)
  // Owner and time are those of whoever unpacks, and when.
  for (const at of [108, 116]) writeOctal(0, at, 7)
  writeOctal(bytes, 124, 11)
  writeOctal(0, 136, 11)
  header.write('        ', 148)
  header.write(type, 156)
  header.write('ustar  ', 257)
  writeOctal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    6
  )
  header.writeUInt8(0, 154)
  return header
}
