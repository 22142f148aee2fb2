import { isIntNumber, type PickleFloat, pickleFloat } from './pickle-value.ts'

// Python itself reads and prints no more: the time that takes grows with the square of their count.
const mostDigits = 4300

// Two and a half million digits; V8 refuses ints of 128 MiB in ways of its own.
const mostIntBytes = 1024 * 1024

/** Reads an int from its digits; null for what is none, or has more than 4,300 of them. */
export function intFromDigits(digits: string): number | bigint | null {
  return digits.length <= mostDigits && /^[-+]?(0+|[1-9]\d*)$/.test(digits) ? narrow(BigInt(digits)) : null
}

/** Reads an int from its bytes in two's complement, lowest first; null for one of more than 1 MiB. */
export function intFromBytes(bytes: Uint8Array): number | bigint | null {
  if (bytes.length === 0) return 0
  if (bytes.length > mostIntBytes) return null
  const hex = Buffer.from(bytes).reverse().toString('hex')
  return narrow(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)))
}

/** The bytes of an int in two's complement, lowest first and as few as possible; null for more than 1 MiB. */
export function bytesOfInt(int: bigint): Buffer | null {
  const magnitude = (int < 0n ? ~int : int).toString(16)
  const bits = magnitude.length * 4 + 28 - Math.clz32(Number.parseInt(magnitude.charAt(0), 16))
  const count = Math.floor(bits / 8) + 1
  if (count > mostIntBytes) return null
  const hex = BigInt.asUintN(count * 8, int)
    .toString(16)
    .padStart(count * 2, '0')
  return Buffer.from(hex, 'hex').reverse()
}

/** The digits of an int; null for one beyond all floats, of more than 308 digits. */
export function digitsOfInt(int: bigint): string | null {
  return Number.isFinite(Number(int)) ? int.toString() : null
}

const floatWords: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['-inf', -Infinity],
  ['nan', Number.NaN]
])

/** Reads a float as Python prints it; null for what is none. */
export function floatFromText(text: string): number | PickleFloat | null {
  if (/^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(text)) return markFloat(Number(text))
  return floatWords.get(text) ?? null
}

/** A float as it stands in a value: marked when it looks like an int. */
export function markFloat(value: number): number | PickleFloat {
  return isIntNumber(value) ? pickleFloat(value) : value
}

function narrow(int: bigint): number | bigint {
  const number = Number(int)
  return Number.isSafeInteger(number) ? number : int
}
