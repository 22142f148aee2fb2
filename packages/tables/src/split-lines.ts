/** A line of a log, or a part of one that is too long for a row, with the line's number in its stream, counted from 1. */
export interface LogLine {
  text: string
  line: number
}

/** The most bytes of a line that one row has. */
export const mostRowBytes = 1024 * 1024

const lineFeed = 10
const carriageReturn = 13

/**
 * Cuts a stream of bytes into lines as seed 000 cleans them: tabs and ESC to blanks, blank lines dropped, invalid UTF-8
 * replaced. A line ends with \n, \r or both. Of a longer line than `mostBytes` each part is a row with its number, and
 * nothing is dropped. Holds no more than one row and what was pushed last.
 */
export function createLineSplitter(mostBytes = mostRowBytes) {
  let pending: Buffer[] = []
  let pendingBytes = 0
  let line = 1
  let isCut = false
  let endedByReturn = false

  /** What is left of the line, without what makes a row by itself. */
  const takeParts = (bytes: Buffer, parts: LogLine[]): Buffer => {
    let rest = bytes
    while (rest.length > mostBytes) {
      const end = endOfCharacter(rest, mostBytes)
      parts.push({ text: clean(rest.subarray(0, end)), line })
      rest = rest.subarray(end)
      isCut = true
    }
    return rest
  }
  const takePending = (bytes: Buffer): Buffer => {
    if (pending.length === 0) return bytes
    const all = Buffer.concat([...pending, bytes])
    pending = []
    pendingBytes = 0
    return all
  }
  const endLine = (bytes: Buffer, lines: LogLine[]): void => {
    const text = clean(takeParts(takePending(bytes), lines))
    if (isCut ? text !== '' : text.trim() !== '') lines.push({ text, line })
    line++
    isCut = false
  }

  return {
    /** The lines that end with these bytes, and what of an unfinished one fills rows. */
    push(bytes: Buffer): LogLine[] {
      const lines: LogLine[] = []
      if (bytes.length === 0) return lines
      let at = endedByReturn && bytes[0] === lineFeed ? 1 : 0
      endedByReturn = false
      let feed = nextOf(bytes, lineFeed, at)
      let back = nextOf(bytes, carriageReturn, at)
      for (let end = Math.min(feed, back); end < bytes.length; end = Math.min(feed, back)) {
        endLine(bytes.subarray(at, end), lines)
        at = end + 1
        if (end === back) {
          endedByReturn = at === bytes.length
          if (bytes[at] === lineFeed) at++
          back = nextOf(bytes, carriageReturn, at)
        }
        if (feed < at) feed = nextOf(bytes, lineFeed, at)
      }
      if (at === bytes.length) return lines
      pending.push(bytes.subarray(at))
      pendingBytes += bytes.length - at
      if (pendingBytes > mostBytes) {
        const rest = takeParts(takePending(Buffer.alloc(0)), lines)
        // A copy: a part of what was pushed would hold all of it.
        pending = [Buffer.from(rest)]
        pendingBytes = rest.length
      }
      return lines
    },
    /** The last line, if nothing ends it. */
    end(): LogLine[] {
      const lines: LogLine[] = []
      if (pendingBytes > 0) endLine(Buffer.alloc(0), lines)
      return lines
    }
  }
}
export type LineSplitter = ReturnType<typeof createLineSplitter>

function nextOf(bytes: Buffer, value: number, from: number): number {
  const found = bytes.indexOf(value, from)
  return found === -1 ? bytes.length : found
}

function clean(bytes: Buffer): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what is replaced
  return bytes.toString('utf8').replace(/[\t\u001b]/g, ' ')
}

/** Where to cut, at `most` or up to three bytes before it, so that no character of UTF-8 is cut in two. */
function endOfCharacter(bytes: Buffer, most: number): number {
  for (let back = 1; back <= 3 && back < most; back++) {
    const byte = bytes[most - back] ?? 0
    if (byte < 0x80) return most
    if (byte >= 0xc0) return lengthOfCharacter(byte) > back ? most - back : most
  }
  return most
}

function lengthOfCharacter(first: number): number {
  if (first >= 0xf0) return 4
  return first >= 0xe0 ? 3 : 2
}
