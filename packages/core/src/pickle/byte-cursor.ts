import { PickleError } from './pickle-error.ts'

/** Walks over the bytes of a pickle, and never beyond their end or that of a frame. */
export interface ByteCursor {
  /** The opcode of the next instruction; complaints tell its position from then on. */
  takeOpcode(): number
  /** The next bytes; they are those of the pickle, not a copy. */
  take(count: number): Buffer
  /** An unsigned number, its lowest byte first. */
  takeUint(bytes: 1 | 2 | 4 | 8): number
  /** A line without its end, each byte as one character. */
  takeLine(): string
  /** What follows lies in a frame of so many bytes. */
  enterFrame(bytes: number): void
  /** How many bytes have not been taken. */
  left(): number
  /** What is wrong, said after "the pickle"; the hint serves for pickles that are no whole pickles. */
  complaint(what: string, hint?: string): PickleError
}

const damaged = 'was it written by pickle.dumps, and is it whole?'

/** A cursor at the beginning of a pickle. */
export function createByteCursor(bytes: Uint8Array): ByteCursor {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let position = 0
  let instruction = 0
  let frameEnd = 0

  const complaint = (what: string, hint = damaged): PickleError =>
    new PickleError(`the pickle ${what} (byte ${instruction})`, { hint })

  /** Goes on, and answers where these bytes begin. */
  const pass = (count: number): number => {
    const begin = position
    if (begin + count > buffer.length) throw complaint('ends too early')
    if (begin < frameEnd && begin + count > frameEnd) throw complaint('has an instruction that leaves its frame')
    position = begin + count
    return begin
  }
  const take = (count: number): Buffer => {
    const begin = pass(count)
    return buffer.subarray(begin, position)
  }
  const takeUint = (bytes: 1 | 2 | 4 | 8): number =>
    bytes === 8 ? Number(buffer.readBigUInt64LE(pass(8))) : buffer.readUIntLE(pass(bytes), bytes)

  return {
    take,
    takeUint,
    complaint,
    takeOpcode: () => {
      instruction = position
      return takeUint(1)
    },
    takeLine: () => {
      const end = buffer.indexOf(0x0a, position)
      if (end < 0) throw complaint('ends too early')
      return take(end - position + 1)
        .toString('latin1')
        .slice(0, -1)
    },
    enterFrame: (bytes) => {
      if (position < frameEnd) throw complaint('has a frame within a frame')
      if (bytes > buffer.length - position) throw complaint('ends too early')
      frameEnd = position + bytes
    },
    left: () => buffer.length - position
  }
}
