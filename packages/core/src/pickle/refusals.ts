import type { ByteCursor } from './byte-cursor.ts'
import type { OpcodeName } from './opcodes.ts'
import type { PickleError } from './pickle-error.ts'
import type { PickleValue } from './pickle-value.ts'
import type { ValueStack } from './value-stack.ts'

const object = 'a Python object'
const set = 'a set, which has no order'
const outside = 'something that is not in it'

/** The instructions that are never followed, and what they stand for: they call what a pickle names, or fetch it. */
export const refused = {
  GLOBAL: object,
  STACK_GLOBAL: object,
  INST: object,
  OBJ: object,
  NEWOBJ: object,
  NEWOBJ_EX: object,
  REDUCE: object,
  BUILD: object,
  EXT1: object,
  EXT2: object,
  EXT4: object,
  EMPTY_SET: set,
  ADDITEMS: set,
  FROZENSET: set,
  PERSID: outside,
  BINPERSID: outside,
  NEXT_BUFFER: outside,
  READONLY_BUFFER: outside
} as const satisfies Partial<Record<OpcodeName, string>>

const hint = 'pickle plain dicts, lists, strings, numbers, booleans and None; of a model model_dump(), of a set sorted()'
const hintForBytes = 'decode bytes to strings, or pickle them with protocol 3 or later'

/** Why a pickle with such an instruction is not read, and what to do. */
export function refusalOf(name: keyof typeof refused, cursor: ByteCursor, stack: ValueStack): PickleError {
  const named = nameOf(name, cursor, stack)
  const told = named === null ? refused[name] : `${refused[name]}, ${named}`
  // Protocols 0 to 2 have no bytes: Python writes a call that makes them.
  return cursor.complaint(`holds ${told}: ${name} is refused`, named === '_codecs.encode' ? hintForBytes : hint)
}

/** The class or function that the instruction names, if it does and in letters that can be shown. */
function nameOf(name: keyof typeof refused, cursor: ByteCursor, stack: ValueStack): string | null {
  const parts: PickleValue[] = []
  if (name === 'GLOBAL' || name === 'INST') parts.push(cursor.takeLine(), cursor.takeLine())
  if (name === 'STACK_GLOBAL') parts.push(...[stack.pop(), stack.pop()].reverse())
  const isShown = parts.every((part) => typeof part === 'string' && /^[\w.]{1,100}$/.test(part))
  return parts.length > 0 && isShown ? parts.join('.') : null
}
