/** What the functions of seed 000 keep as metadata. */
type MetadataValue = string | number | bigint | readonly (string | number | bigint)[]

/** Values as `swift_set_encoded_metadata` of seed 000 writes them: a list as `list=1,2`, all else as its text. */
export function encodeMetadata(values: Readonly<Record<string, MetadataValue>>): Record<string, string> {
  return mapValues(values, (value) => (typeof value === 'object' ? `list=${value.join(',')}` : String(value)))
}

/**
 * Values as `swift_get_decoded_metadata` of seed 000 reads them: digits alone are a number, and what stands between the
 * first `=` and the next one is a list wherever `list=` occurs; of numbers, if each of its items is one to Python.
 */
export function decodeMetadata(metadata: Readonly<Record<string, string>>): Record<string, MetadataValue> {
  return mapValues(metadata, decodeValue)
}

function decodeValue(value: string): MetadataValue {
  if (!value.includes('list=')) return /^\d+$/.test(value) ? toInteger(value) : value
  const [, items = ''] = value.split('=')
  if (items === '') return []
  const list = items.split(',')
  return list.every(isPythonInteger) ? list.map((item) => toInteger(item.trim().replaceAll('_', ''))) : list
}

function isPythonInteger(text: string): boolean {
  return /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(text)
}

/** Python's integers have any size. */
function toInteger(digits: string): number | bigint {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits.replace('+', ''))
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))
}
