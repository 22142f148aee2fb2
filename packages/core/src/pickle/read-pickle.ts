import { type ByteCursor, createByteCursor } from './byte-cursor.ts'
import { checkExtent } from './check-extent.ts'
import { limitsFrom, type PickleLimits } from './limits.ts'
import { type OpcodeName, opcodes } from './opcodes.ts'
import { PickleError } from './pickle-error.ts'
import type { PickleValue } from './pickle-value.ts'
import { refusalOf, refused } from './refusals.ts'
import { scalars } from './scalars.ts'
import { steps, type Unpickling } from './steps.ts'
import { createValueStack } from './value-stack.ts'

const names: ReadonlyMap<number, OpcodeName> = new Map(
  Object.entries(opcodes).map(([name, byte]) => [byte, name as OpcodeName] as const)
)

// A dict in a list in protocol 0 needs five: MARK, DICT, PUT, APPEND, and rarely a POP.
const instructionsPerValue = 5

/**
 * Reads plain data that Python pickled, in any of the protocols 0 to 5; throws PickleError for everything else. No
 * instruction is followed that names, calls or fetches anything, so a pickle can do nothing but be data. Tuples become
 * lists; what the pickle shares is shared in the value.
 */
export function readPickle(bytes: Uint8Array, limits: Partial<PickleLimits> = {}): PickleValue {
  const { mostBytes, mostValues, deepest } = limitsFrom(limits)
  if (bytes.length > mostBytes)
    throw new PickleError(`the pickle has ${bytes.length} bytes, and may have ${mostBytes}`, { hint: 'split it' })
  const cursor = createByteCursor(bytes)
  const stack = createValueStack(cursor, mostValues)
  const unpickling = { cursor, stack, tuples: new Set<object>() }
  let followed = 0
  for (let name = takeName(cursor); name !== 'STOP'; name = takeName(cursor)) {
    if (++followed > mostValues * instructionsPerValue) throw cursor.complaint('has more instructions than its values need')
    follow(name, unpickling)
  }
  const value = stack.pop()
  if (!stack.isEmpty()) throw cursor.complaint('has more than one value')
  if (cursor.left() > 0) throw cursor.complaint(`ends, and ${cursor.left()} more bytes follow`)
  checkExtent(value, { mostBytes, mostValues, deepest })
  return value
}

function takeName(cursor: ByteCursor): OpcodeName {
  const byte = cursor.takeOpcode()
  const name = names.get(byte)
  if (name === undefined) throw cursor.complaint(`has an unknown instruction 0x${byte.toString(16).padStart(2, '0')}`)
  return name
}

function follow(name: Exclude<OpcodeName, 'STOP'>, unpickling: Unpickling): void {
  const { cursor, stack } = unpickling
  if (isRefused(name)) throw refusalOf(name, cursor, stack)
  if (isScalar(name)) stack.push(scalars[name](cursor))
  else steps[name](unpickling)
}

function isRefused(name: OpcodeName): name is keyof typeof refused {
  return name in refused
}

function isScalar(name: OpcodeName): name is keyof typeof scalars {
  return name in scalars
}
