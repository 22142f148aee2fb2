/**
 * Our documents have kebab-case keys on the wire and camelCase fields in code. The two functions translate plain data
 * whose keys are all ours; never give them a dictionary whose keys a user chose.
 */
type CamelKey<Key> = Key extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : Key

/** A wire type with its keys in camelCase. */
export type FromWire<Wire> = Wire extends readonly unknown[]
  ? { [Index in keyof Wire]: FromWire<Wire[Index]> }
  : Wire extends object
    ? { [Key in keyof Wire as CamelKey<Key>]: FromWire<Wire[Key]> }
    : Wire

/** Kebab-case keys to camelCase, at every depth. */
export function fromWire<Wire>(value: Wire): FromWire<Wire> {
  return mapKeys(value, (key) => key.replace(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())) as FromWire<Wire>
}

/** CamelCase keys to kebab-case, at every depth. */
export function toWire(value: unknown): unknown {
  return mapKeys(value, (key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
}

function mapKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapKeys(item, rename))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [rename(key), mapKeys(inner, rename)]))
}
