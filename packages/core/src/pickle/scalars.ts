import type { ByteCursor } from './byte-cursor.ts'
import { floatFromText, intFromBytes, intFromDigits, markFloat } from './numbers.ts'
import type { OpcodeName } from './opcodes.ts'
import type { PickleValue } from './pickle-value.ts'
import { decodeQuoted, decodeRawUnicode, decodeText } from './text.ts'

/** How each instruction that is a value by itself is read. */
export const scalars = {
  NONE: () => null,
  NEWTRUE: () => true,
  NEWFALSE: () => false,

  // Protocols 0 and 1 write booleans as ints with two digits.
  INT: (cursor) => {
    const line = cursor.takeLine()
    return line === '01' ? true : line === '00' ? false : known(cursor, intFromDigits(line), wrongInt)
  },
  LONG: (cursor) => known(cursor, intFromDigits(cursor.takeLine().replace(/L$/, '')), wrongInt),
  BININT: (cursor) => cursor.take(4).readInt32LE(),
  BININT1: (cursor) => cursor.takeUint(1),
  BININT2: (cursor) => cursor.takeUint(2),
  LONG1: (cursor) => known(cursor, intFromBytes(cursor.take(cursor.takeUint(1))), tooWide),
  LONG4: (cursor) => known(cursor, intFromBytes(cursor.take(cursor.takeUint(4))), tooWide),
  FLOAT: (cursor) => known(cursor, floatFromText(cursor.takeLine()), 'has a float in wrong digits'),
  BINFLOAT: (cursor) => markFloat(cursor.take(8).readDoubleBE()),

  UNICODE: (cursor) => known(cursor, decodeRawUnicode(cursor.takeLine()), 'has a string with a wrong escape'),
  BINUNICODE: (cursor) => text(cursor, 4),
  SHORT_BINUNICODE: (cursor) => text(cursor, 1),
  BINUNICODE8: (cursor) => text(cursor, 8),

  // Strings of Python 2. They are bytes, and text nearly always.
  STRING: (cursor) => known(cursor, decodeQuoted(cursor.takeLine()), 'has a string of Python 2 in a wrong form'),
  BINSTRING: (cursor) => text(cursor, 4),
  SHORT_BINSTRING: (cursor) => text(cursor, 1),

  BINBYTES: (cursor) => bytes(cursor, 4),
  SHORT_BINBYTES: (cursor) => bytes(cursor, 1),
  BINBYTES8: (cursor) => bytes(cursor, 8),
  BYTEARRAY8: (cursor) => bytes(cursor, 8)
} satisfies Partial<Record<OpcodeName, (cursor: ByteCursor) => PickleValue>>

const wrongInt = 'has an int in wrong digits, or of more than 4,300'
const tooWide = 'has an int of more than 1 MiB'

function text(cursor: ByteCursor, sizeBytes: 1 | 4 | 8): string {
  return known(cursor, decodeText(cursor.take(cursor.takeUint(sizeBytes))), 'has a string that is not UTF-8')
}

/** A copy: the value must not keep the pickle in memory. */
function bytes(cursor: ByteCursor, sizeBytes: 1 | 4 | 8): Uint8Array {
  return Uint8Array.from(cursor.take(cursor.takeUint(sizeBytes)))
}

function known<Value>(cursor: ByteCursor, value: Value | null, complaint: string): Value {
  if (value === null) throw cursor.complaint(complaint)
  return value
}
