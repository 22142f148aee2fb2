import fc from 'fast-check'
import { markFloat } from '../src/pickle/numbers.ts'
import { opcodes } from '../src/pickle/opcodes.ts'
import type { PickleValue } from '../src/pickle/pickle-value.ts'
import { recordedPickles } from './recorded-pickles.ts'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', 'toJSON', '\ufeff', '\uffff\ud800', '\\u0041', '10'),
  // With lone surrogates.
  fc.array(fc.integer({ min: 0xd700, max: 0xe0ff }), { maxLength: 8 }).map((codes) => String.fromCharCode(...codes))
)
const int = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.bigInt({ min: -(2n ** 2100n), max: 2n ** 2100n }),
    // Where the widths change.
    fc
      .tuple(fc.integer({ min: 0, max: 2100 }), fc.integer({ min: -2, max: 2 }), fc.boolean())
      .map(([power, near, isNegative]) => {
        const value = 2n ** BigInt(power) + BigInt(near)
        return isNegative ? -value : value
      })
  )
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value))

/** Any plain data that can be written, as readPickle would give it back. */
export const arbitraryValue: fc.Arbitrary<PickleValue> = fc.letrec<{ value: PickleValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    text,
    int,
    fc.integer(),
    fc.double().map(markFloat),
    fc.integer().map(markFloat),
    fc.array(tie('value'), { maxLength: 8 }),
    fc.dictionary(text, tie('value'), { maxKeys: 8 })
  )
})).value

const opcode = fc.constantFrom(...Object.values(opcodes))
const instruction = fc.oneof(
  opcode.map((byte) => [byte]),
  fc.uint8Array({ maxLength: 4 }).map((bytes) => [...bytes]),
  fc.constantFrom([...Buffer.from('I7\n')], [0x58, 1, 0, 0, 0, 0x61], [0x55, 1, 0x62])
)

/** Instructions as they come, and pickles of Python with some bytes changed, removed or put in. */
export const brokenPickle: fc.Arbitrary<Buffer> = fc.oneof(
  // Whatever is left on the stack is taken into one tuple, so that many of these can be read.
  fc
    .array(instruction, { maxLength: 20 })
    .map((parts) => Buffer.from([opcodes.MARK, ...parts.flat(), opcodes.TUPLE, opcodes.STOP])),
  fc
    .tuple(
      fc.constantFrom(...recordedPickles.map(([, , , base64]) => Buffer.from(base64, 'base64'))),
      fc.array(fc.record({ at: fc.nat(), remove: fc.integer({ min: 0, max: 3 }), put: fc.oneof(instruction, fc.constant([])) }), {
        minLength: 1,
        maxLength: 4
      })
    )
    .map(([pickle, edits]) =>
      edits.reduce((before, { at, remove, put }) => {
        const position = at % before.length
        return Buffer.concat([before.subarray(0, position), Buffer.from(put), before.subarray(position + remove)])
      }, pickle)
    )
)
