import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTextCutter, type ToldText } from '../src/follow/text-cutter.ts'

const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
const utf8 = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => Buffer.from(text))
// Lines, characters of every length, and bytes that are none.
const part = fc.oneof(
  utf8,
  fc.constantFrom('\n', '\r\n', '\r', '\0', 'ä€😀', '\ufeff').map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom([0xf0, 0x80, 0x80], [0xe2, 0x82], [0xc3], [0xf0, 0x9f], [0x80, 0x80, 0x80, 0x80], [0xed, 0xa0, 0x80])
    .map(Buffer.from)
)
const chunks = fc.array(fc.tuple(part, fc.boolean()), { maxLength: 30 })

/** Tells all of it; where a chunk says so, its rest stood there for a while. */
function tellAll(log: readonly (readonly [Buffer, boolean])[], from: number, pieceBytes: number): ToldText[] {
  const cutter = createTextCutter(from, pieceBytes)
  const told = log.flatMap(([bytes, stands]) => [...cutter.take(bytes), ...(stands ? cutter.tellHeld() : [])])
  return [...told, ...cutter.finish()]
}

describe('the text of a log', () => {
  it('is all of its bytes as one decoder reads them, however they come and are cut', () => {
    const of = fc.tuple(chunks, fc.nat(1000), fc.integer({ min: 4, max: 50 }))
    fc.assert(
      fc.property(of, ([log, from, pieceBytes]) => {
        const bytes = Buffer.concat(log.map(([one]) => one))
        const told = tellAll(log, from, pieceBytes)
        expect(told.map(({ text }) => text).join('')).toBe(decode(bytes))
        let before = from
        for (const { text, endsAt } of told) {
          // Each piece is what its own bytes say, and none is empty or too long.
          expect(text).toBe(decode(bytes.subarray(before - from, endsAt - from)))
          expect(endsAt - before).toBeGreaterThan(0)
          expect(endsAt - before).toBeLessThanOrEqual(pieceBytes)
          before = endsAt
        }
        expect(before).toBe(from + bytes.length)
      }),
      { numRuns: 2000 }
    )
  })

  it('goes on behind any piece as if it had never been left', () => {
    const of = fc.tuple(chunks, fc.integer({ min: 4, max: 50 }), fc.nat())
    fc.assert(
      fc.property(of, ([log, pieceBytes, at]) => {
        const bytes = Buffer.concat(log.map(([one]) => one))
        const told = tellAll(log, 0, pieceBytes)
        const seen = told.slice(0, told.length === 0 ? 0 : at % (told.length + 1))
        const from = seen.at(-1)?.endsAt ?? 0
        const rest = tellAll([[bytes.subarray(from), false]], from, pieceBytes)
        expect([...seen, ...rest].map(({ text }) => text).join('')).toBe(decode(bytes))
      }),
      { numRuns: 1000 }
    )
  })

  it('is told in whole lines, and a line as soon as it is complete', () => {
    const cutter = createTextCutter(0)
    expect(cutter.take(Buffer.from('one\ntwo\nth'))).toEqual([{ text: 'one\ntwo\n', endsAt: 8 }])
    expect(cutter.isHolding()).toBe(true)
    expect(cutter.take(Buffer.from('ree'))).toEqual([])
    expect(cutter.take(Buffer.from('\r\n'))).toEqual([{ text: 'three\r\n', endsAt: 15 }])
    expect(cutter.isHolding()).toBe(false)
  })

  it('waits for the rest of a character, which is told as missing at the end only', () => {
    const cutter = createTextCutter(0)
    const [first, ...others] = Buffer.from('€')
    expect(cutter.take(Buffer.from([0x61, first!]))).toEqual([])
    expect(cutter.tellHeld()).toEqual([{ text: 'a', endsAt: 1 }])
    expect([cutter.isHolding(), cutter.tellHeld()]).toEqual([false, []])
    cutter.take(Buffer.from(others))
    expect(cutter.tellHeld()).toEqual([{ text: '€', endsAt: 4 }])
    cutter.take(Buffer.from([first!]))
    expect(cutter.finish()).toEqual([{ text: '\ufffd', endsAt: 5 }])
  })

  it('from the middle of a character on has replacements for its rest, and the true offsets', () => {
    expect(tellAll([[Buffer.from('€\n').subarray(1), false]], 1, 16)).toEqual([{ text: '\ufffd\ufffd\n', endsAt: 4 }])
  })
})
