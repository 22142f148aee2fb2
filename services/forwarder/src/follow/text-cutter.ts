const lineEnd = 0x0a
const usualPieceBytes = 16 * 1024

/** Text of a log, and the byte of the log behind it. */
export interface ToldText {
  text: string
  endsAt: number
}

/**
 * Cuts the bytes of a log, as they come, into pieces of text: behind line ends where that can be, never inside of a
 * character, and none of more than `pieceBytes`. All texts together are what a decoder makes of all bytes at once, with
 * U+FFFD for what is no UTF-8.
 */
export function createTextCutter(from: number, pieceBytes = usualPieceBytes) {
  let held: Buffer = Buffer.alloc(0)
  let offset = from

  const tell = (usedBytes: number): ToldText => {
    const text = decode(held.subarray(0, usedBytes))
    held = held.subarray(usedBytes)
    offset += usedBytes
    return { text, endsAt: offset }
  }

  return {
    /** Adds bytes, and tells the lines that are complete and what of a longer one is too much for one piece. */
    take(bytes: Buffer): ToldText[] {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes])
      const told: ToldText[] = []
      for (let cut = findCut(held, pieceBytes); cut > 0; cut = findCut(held, pieceBytes)) told.push(tell(cut))
      return told
    },

    /** Whether something stands there that could be told, though its line is not complete. */
    isHolding: (): boolean => findWholeCharacters(held) > 0,

    /** Tells what stands there of a line, up to its last whole character. */
    tellHeld(): ToldText[] {
      const whole = findWholeCharacters(held)
      return whole === 0 ? [] : [tell(whole)]
    },

    /** Tells what is left, since nothing more comes. */
    finish: (): ToldText[] => (held.length === 0 ? [] : [tell(held.length)])
  }
}

/** How many bytes make the next piece; 0 when its line is to be waited for. */
function findCut(bytes: Buffer, pieceBytes: number): number {
  const piece = bytes.subarray(0, pieceBytes)
  const lines = piece.lastIndexOf(lineEnd) + 1
  if (lines > 0 || bytes.length < pieceBytes) return lines
  return findWholeCharacters(piece)
}

/** How many bytes there are before a character whose end is missing. A byte that begins one always ends what was before. */
function findWholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) break
    if (byte >= 0xc0) return back < characterBytes(byte) ? bytes.length - back : bytes.length
  }
  return bytes.length
}

function characterBytes(first: number): number {
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
}

function decode(bytes: Buffer): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
