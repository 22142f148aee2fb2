/**
 * JSON with sorted keys and no blanks: equal values give equal text, so it can be hashed and signed. `texts` remembers
 * those of objects that never change, by the objects themselves.
 */
export function canonicalJson(value: unknown, texts?: WeakMap<object, string>): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null, texts)).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const known = texts?.get(value)
  if (known !== undefined) return known
  const fields = value as Readonly<Record<string, unknown>>
  const text = `{${sortedKeys(fields)
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(fields[key], texts)}`)
    .join(',')}}`
  texts?.set(value, text)
  return text
}

/** As objects have them: keys that are whole numbers first, by their size, then the others by their characters. */
function sortedKeys(fields: Readonly<Record<string, unknown>>): string[] {
  const keys = Object.keys(fields).filter((key) => fields[key] !== undefined)
  return Object.keys(Object.fromEntries(keys.sort().map((key) => [key, true])))
}
