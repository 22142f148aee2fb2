import { checkExtent } from './check-extent.ts'
import { usualLimits } from './limits.ts'
import { bytesOfInt } from './numbers.ts'
import { type OpcodeName, opcodes } from './opcodes.ts'
import { PickleError } from './pickle-error.ts'
import { isIntNumber, numberOfFloat, type PickleValue } from './pickle-value.ts'
import { encodeText } from './text.ts'

/**
 * Pickles plain data in protocol 2, which every Python reads; throws PickleError for what is no plain data, and for
 * what readPickle would not take back. What is shared in the value is written out each time. Bytes are refused:
 * protocol 2 knows them only as a call, and calls we neither read nor write.
 */
export function writePickle(value: PickleValue): Buffer {
  checkExtent(value, usualLimits)
  const pieces = [instruction('PROTO', Buffer.from([2]))]
  write(value, pieces)
  return Buffer.concat([...pieces, instruction('STOP')])
}

function write(value: PickleValue, pieces: Buffer[]): void {
  if (value === null) pieces.push(instruction('NONE'))
  else if (typeof value === 'boolean') pieces.push(instruction(value ? 'NEWTRUE' : 'NEWFALSE'))
  else if (typeof value === 'number') pieces.push(isIntNumber(value) ? intInstruction(value) : floatInstruction(value))
  else if (typeof value === 'bigint') pieces.push(intInstruction(value))
  else if (typeof value === 'string') pieces.push(textInstruction(value))
  else if (Array.isArray(value)) writeGroup(['EMPTY_LIST', 'APPENDS'], value, pieces)
  else writeObject(value, pieces)
}

function writeObject(value: object, pieces: Buffer[]): void {
  if (!isPlainObject(value)) {
    const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
    throw new PickleError(`${kind} is no plain data of protocol 2`, {
      hint: 'null, booleans, numbers, strings, lists and dicts are'
    })
  }
  const float = numberOfFloat(value)
  if (float !== null) pieces.push(floatInstruction(float))
  else writeGroup(['EMPTY_DICT', 'SETITEMS'], Object.entries(value).flat(), pieces)
}

function writeGroup([begin, fill]: [OpcodeName, OpcodeName], items: readonly PickleValue[], pieces: Buffer[]): void {
  pieces.push(instruction(begin))
  if (items.length === 0) return
  pieces.push(instruction('MARK'))
  for (const item of items) write(item, pieces)
  pieces.push(instruction(fill))
}

function isPlainObject(value: unknown): value is Record<string, PickleValue> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function instruction(name: OpcodeName, ...rest: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([opcodes[name]]), ...rest])
}

function textInstruction(value: string): Buffer {
  const text = encodeText(value)
  return instruction('BINUNICODE', uint32(text.length), text)
}

function floatInstruction(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return instruction('BINFLOAT', bytes)
}

function intInstruction(value: number | bigint): Buffer {
  const bytes = bytesOfInt(BigInt(value))
  if (bytes === null) throw new PickleError('an int of more than 1 MiB is not pickled', { hint: 'write it as a string' })
  if (bytes.length <= 4) return instruction('BININT', int32(Number(value)))
  return bytes.length < 256
    ? instruction('LONG1', Buffer.from([bytes.length]), bytes)
    : instruction('LONG4', uint32(bytes.length), bytes)
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}
