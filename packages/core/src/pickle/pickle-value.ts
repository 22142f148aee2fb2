const floatOf: unique symbol = Symbol('float')

/** A float whose value is a whole number: 1.0 is another thing than 1 in Python, and the same in JavaScript. */
export interface PickleFloat {
  readonly [floatOf]: number
  /** So that JSON has the number. */
  toJSON(): number
}

/**
 * Plain data as it is in a pickle. A number that is a safe integer is an int, any other number a float; ints that are
 * no safe integers are bigints, and floats that look like ints are marked. The dicts that are read have no prototype,
 * and JavaScript puts keys like '10' before the others.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleFloat
  | readonly PickleValue[]
  | { readonly [key: string]: PickleValue }

/** The number as a float, so that Python gets 1.0 and not 1. */
export function pickleFloat(value: number): PickleFloat {
  return { [floatOf]: value, toJSON: toNumber }
}

/** The number of a marked float; null for anything else. */
export function numberOfFloat(value: object): number | null {
  return floatOf in value ? Number(value[floatOf]) : null
}

/** Whether Python would see an int in this number: -0, infinities and what is not exact are floats. */
export function isIntNumber(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

function toNumber(this: PickleFloat): number {
  return this[floatOf]
}
