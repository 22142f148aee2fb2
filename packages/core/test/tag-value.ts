import { numberOfFloat, type PickleValue } from '../src/pickle/pickle-value.ts'

/** A value with the Python type of each part told, so that 1 and 1.0, 0.0 and -0.0, text and bytes are different. */
export type Tagged = readonly [kind: string, content: string | readonly Tagged[] | readonly (readonly [string, Tagged])[]]

/** The tagged form of a value; `tagInPython` makes the same of the same in Python. */
export function tagValue(value: PickleValue): Tagged {
  if (value === null || typeof value === 'boolean') return ['constant', String(value)]
  if (typeof value === 'string') return ['str', hexOfText(value)]
  if (typeof value === 'bigint') return ['int', value.toString(16)]
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? ['int', value.toString(16)] : ['float', hexOfFloat(value)]
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('hex')]
  if (Array.isArray(value)) return ['list', value.map(tagValue)]
  const float = numberOfFloat(value)
  if (float !== null) return ['float', hexOfFloat(float)]
  const entries = Object.entries(value).map(([key, inner]) => [hexOfText(key), tagValue(inner)] as const)
  return ['dict', entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))]
}

/** Python's side: `tag(value)` and `untag(tagged)`. */
export const tagInPython = `
import struct
def hex_of_text(text): return text.encode('utf-16-be', 'surrogatepass').hex()
def tag(value):
  if value is None: return ['constant', 'null']
  if isinstance(value, bool): return ['constant', 'true' if value else 'false']
  if isinstance(value, int): return ['int', format(value, 'x')]
  if isinstance(value, float): return ['float', 'nan' if value != value else struct.pack('>d', value).hex()]
  if isinstance(value, str): return ['str', hex_of_text(value)]
  if isinstance(value, (bytes, bytearray)): return ['bytes', value.hex()]
  if isinstance(value, (list, tuple)): return ['list', [tag(item) for item in value]]
  if isinstance(value, dict): return ['dict', sorted([hex_of_text(key), tag(inner)] for key, inner in value.items())]
  raise TypeError(type(value))
def text_of_hex(text): return bytes.fromhex(text).decode('utf-16-be', 'surrogatepass')
def untag(tagged):
  kind, content = tagged
  if kind == 'constant': return {'null': None, 'true': True, 'false': False}[content]
  if kind == 'int': return int(content, 16)
  if kind == 'float': return float('nan') if content == 'nan' else struct.unpack('>d', bytes.fromhex(content))[0]
  if kind == 'str': return text_of_hex(content)
  if kind == 'bytes': return bytes.fromhex(content)
  if kind == 'list': return [untag(item) for item in content]
  return {text_of_hex(key): untag(inner) for key, inner in content}
`

function hexOfText(text: string): string {
  return Buffer.from(text, 'utf16le').swap16().toString('hex')
}

function hexOfFloat(value: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return Number.isNaN(value) ? 'nan' : bytes.toString('hex')
}
