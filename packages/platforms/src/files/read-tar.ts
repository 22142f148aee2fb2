import type { Readable } from 'node:stream'

/** A file of an archive; content that is longer than it may be is left out. */
export interface TarMember {
  name: string
  content: Buffer | null
}

const blockBytes = 512
// GNU tar's own members: the long name of the one that follows, and of what it links to.
const longName = 'L'
const regularFile = '0'

/** Reads an archive as GNU tar writes it, of regular files only; fails when it ends before its end mark. */
export async function* readTar(archive: Readable, mostBytes: number): AsyncGenerator<TarMember> {
  const { take, skip, close } = createTaker(archive)
  let name: string | null = null
  try {
    for (;;) {
      const header = await take(blockBytes)
      if (header.every((byte) => byte === 0)) return
      const bytes = readNumber(header.subarray(124, 136))
      const type = String.fromCharCode(header[156] ?? 0)
      const padding = (blockBytes - (bytes % blockBytes)) % blockBytes
      if (type === longName) name = readText(await take(bytes))
      else if (type === regularFile) {
        if (bytes > mostBytes) await skip(bytes)
        yield { name: name ?? readText(header.subarray(0, 100)), content: bytes > mostBytes ? null : await take(bytes) }
        name = null
      } else throw new Error(`the archive has a member of type ${JSON.stringify(type)}`)
      await skip(padding)
    }
  } finally {
    close()
  }
}

/** An octal number, or one with a leading bit that makes it binary. */
function readNumber(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) === 0) return Number.parseInt(readText(field).trim() || '0', 8)
  return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0)
}

function readText(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? field.length : end)
}

/** Takes exactly so many bytes of a stream at a time. */
function createTaker(stream: Readable) {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)

  /** Hands over so many bytes in the parts in which they come. */
  const move = async (bytes: number, use: (part: Buffer, at: number) => void): Promise<void> => {
    for (let at = 0; at < bytes; ) {
      if (rest.length === 0) {
        const next = await chunks.next()
        if (next.done === true) throw new Error('the archive ends too early')
        rest = next.value
      }
      const part = rest.subarray(0, bytes - at)
      use(part, at)
      at += part.length
      rest = rest.subarray(part.length)
    }
  }
  return {
    async take(bytes: number): Promise<Buffer> {
      const taken = Buffer.allocUnsafe(bytes)
      await move(bytes, (part, at) => part.copy(taken, at))
      return taken
    },
    skip: (bytes: number) => move(bytes, () => {}),
    close: () => void stream.destroy()
  }
}
