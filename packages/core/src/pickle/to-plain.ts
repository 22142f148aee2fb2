import { digitsOfInt } from './numbers.ts'
import { PickleError } from './pickle-error.ts'
import { numberOfFloat, type PickleValue } from './pickle-value.ts'

/** What JSON can say. */
export type PlainValue = null | boolean | number | string | PlainValue[] | { [key: string]: PlainValue }

/**
 * What was read from a pickle as JSON would have given it, for the schemas: 1.0 is 1, and ints that a number would
 * round are their digits. Bytes are refused, with their place: a schema would take any text that they became.
 */
export function toPlain(value: PickleValue): PlainValue {
  return plainAt('', value)
}

function plainAt(place: string, value: PickleValue): PlainValue {
  if (typeof value === 'bigint') return digitsAt(place, value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) throw new PickleError(`${named(place)} is bytes`, { hint: 'decode it: a string is needed' })
  if (isList(value)) return value.map((item, index) => plainAt(`${place}[${index}]`, item))
  const float = numberOfFloat(value)
  if (float !== null) return float
  const prefix = place === '' ? '' : `${place}.`
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainAt(prefix + key, inner)]))
}

function digitsAt(place: string, int: bigint): string {
  const digits = digitsOfInt(int)
  if (digits === null)
    throw new PickleError(`${named(place)} is an int of more than 308 digits`, { hint: 'write it as a string' })
  return digits
}

function named(place: string): string {
  return place === '' ? 'the value' : place.slice(0, 200)
}

function isList(value: PickleValue): value is readonly PickleValue[] {
  return Array.isArray(value)
}
