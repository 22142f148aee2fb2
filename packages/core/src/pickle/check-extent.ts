import type { PickleLimits } from './limits.ts'
import { PickleError } from './pickle-error.ts'
import { numberOfFloat, type PickleValue } from './pickle-value.ts'

/**
 * Walks through a value as if all that it shares were written out, and refuses what nobody could walk through: a value
 * that holds itself, is too deep, or comes to too much. So whoever gets the value may walk through it without care.
 */
export function checkExtent(value: PickleValue, { mostBytes, mostValues, deepest }: PickleLimits): void {
  const open = new Set<object>()
  let values = 0
  let bytes = 0

  const visit = (one: PickleValue): void => {
    values += 1
    bytes += bytesOf(one)
    if (values > mostValues) throw tooMuch(`more than ${mostValues} values, as often as they are used`, 'split it')
    if (bytes > mostBytes) throw tooMuch(`more than ${mostBytes} bytes of text, as often as it is used`, 'split it')
    if (typeof one !== 'object' || one === null || one instanceof Uint8Array || numberOfFloat(one) !== null) return
    if (open.has(one)) throw tooMuch('a list or dict that holds itself', 'make it a tree')
    if (open.size >= deepest) throw tooMuch(`lists and dicts more than ${deepest} deep in one another`, 'make it flatter')
    open.add(one)
    if (Array.isArray(one)) for (const item of one) visit(item)
    else
      for (const [key, inner] of Object.entries(one)) {
        visit(key)
        visit(inner)
      }
    open.delete(one)
  }

  visit(value)
}

function bytesOf(value: PickleValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value === 'bigint') return value.toString(16).length / 2
  return value instanceof Uint8Array ? value.length : 0
}

function tooMuch(what: string, hint: string): PickleError {
  return new PickleError(`the pickled value has ${what}`, { hint })
}
