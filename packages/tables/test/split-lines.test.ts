import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineSplitter, type LogLine } from '../src/split-lines.ts'

/** All lines of chunks. */
function split(chunks: readonly Buffer[], mostBytes?: number): LogLine[] {
  const splitter = createLineSplitter(mostBytes)
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()]
}
const splitText = (text: string, mostBytes?: number) => split([Buffer.from(text)], mostBytes)

/** The same as chunks that end anywhere. */
function cut(content: Buffer, ends: readonly number[]): Buffer[] {
  const places = [...ends.map((end) => end % (content.length + 1)), content.length].sort((one, other) => one - other)
  return places.map((end, at) => content.subarray(places[at - 1] ?? 0, end))
}

/** What seed 000 does with a whole text. */
const linesOfWhole = (content: Buffer): LogLine[] =>
  content
    .toString('utf8')
    .split(/\r\n|\n|\r/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what is replaced
    .map((text, at) => ({ text: text.replace(/[\t\u001b]/g, ' '), line: at + 1 }))
    .filter(({ text }) => text.trim() !== '')

const bytes = fc
  .array(
    fc.oneof(
      fc
        .constantFrom('\n', '\r', '\r\n', '\t', '\u001b[1m', ' ', '\u00a0', 'a', 'ä', '€', '𝄞', '\ufeff')
        .map((text) => Buffer.from(text)),
      fc.integer({ min: 0, max: 255 }).map((byte) => Buffer.from([byte])),
      fc.constantFrom([0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0x80]).map((few) => Buffer.from(few))
    ),
    { maxLength: 60 }
  )
  .map((parts) => Buffer.concat(parts))
const ends = fc.array(fc.nat({ max: 200 }), { maxLength: 12 })

describe('the lines of a log', () => {
  it('are those of the whole text, wherever its bytes were cut', () => {
    fc.assert(
      fc.property(bytes, ends, (content, places) => {
        expect(split(cut(content, places))).toEqual(linesOfWhole(content))
      }),
      { numRuns: 2000 }
    )
  })
  it('are the same wherever bytes were cut when they are longer than a row, and their parts are the line', () => {
    fc.assert(
      fc.property(bytes, ends, fc.integer({ min: 4, max: 9 }), (content, places, mostBytes) => {
        const rows = split(cut(content, places), mostBytes)
        expect(rows).toEqual(split([content], mostBytes))
        const joined = new Map<number, string>()
        for (const { text, line } of rows) joined.set(line, (joined.get(line) ?? '') + text)
        for (const { text, line } of linesOfWhole(content)) expect(joined.get(line)).toBe(text)
        // Blank lines are there only where they are longer than a row.
        for (const [line, text] of joined)
          if (text.trim() === '') expect(Buffer.byteLength(text), `line ${line}`).toBeGreaterThan(mostBytes)
      }),
      { numRuns: 2000 }
    )
  })
  it('lose tabs and ESC, and are dropped when they are blank, but counted', () => {
    expect(splitText('a\tb\u001b[1m\n\n \t \nprogress 1\rprogress 2\r\nlast')).toEqual([
      { text: 'a b [1m', line: 1 },
      { text: 'progress 1', line: 4 },
      { text: 'progress 2', line: 5 },
      { text: 'last', line: 6 }
    ])
  })
  it('come as soon as they end, and a long one by rows before it ends', () => {
    const splitter = createLineSplitter(4)
    expect(splitter.push(Buffer.from('one'))).toEqual([])
    expect(splitter.push(Buffer.from('\ntwo'))).toEqual([{ text: 'one', line: 1 }])
    expect(splitter.push(Buffer.from('three'))).toEqual([{ text: 'twot', line: 2 }])
    expect(splitter.push(Buffer.from('€'))).toEqual([{ text: 'hree', line: 2 }])
    expect(splitter.push(Buffer.from('\r'))).toEqual([{ text: '€', line: 2 }])
    expect(splitter.push(Buffer.from('\nx\n'))).toEqual([{ text: 'x', line: 3 }])
    expect(splitter.end()).toEqual([])
  })
})
