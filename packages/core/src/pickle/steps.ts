import type { ByteCursor } from './byte-cursor.ts'
import type { OpcodeName } from './opcodes.ts'
import type { PickleValue } from './pickle-value.ts'
import type { ValueStack } from './value-stack.ts'

/** A pickle that is being read. */
export interface Unpickling {
  cursor: ByteCursor
  stack: ValueStack
  /** Tuples are lists in our data, but nothing can be appended to one. */
  tuples: Set<object>
}

const highestProtocol = 5

/** What each instruction does that works on the stack: groups, lists, dicts, the memo. */
export const steps = {
  PROTO: ({ cursor }) => {
    const protocol = cursor.takeUint(1)
    if (protocol > highestProtocol)
      throw cursor.complaint(`is of protocol ${protocol}`, `use pickle.dumps(…, protocol=${highestProtocol}) or lower`)
  },
  FRAME: ({ cursor }) => cursor.enterFrame(cursor.takeUint(8)),
  MARK: ({ stack }) => stack.mark(),
  POP: ({ stack }) => stack.drop(),
  POP_MARK: ({ stack }) => {
    stack.takeGroup()
  },
  DUP: ({ stack }) => stack.push(stack.top()),

  EMPTY_LIST: ({ stack }) => stack.push([]),
  LIST: ({ stack }) => stack.push(stack.takeGroup()),
  APPEND: (unpickling) => append(unpickling, [unpickling.stack.pop()]),
  APPENDS: (unpickling) => append(unpickling, unpickling.stack.takeGroup()),

  EMPTY_TUPLE: (unpickling) => pushTuple(unpickling, []),
  TUPLE: (unpickling) => pushTuple(unpickling, unpickling.stack.takeGroup()),
  TUPLE1: (unpickling) => pushTuple(unpickling, popMany(unpickling, 1)),
  TUPLE2: (unpickling) => pushTuple(unpickling, popMany(unpickling, 2)),
  TUPLE3: (unpickling) => pushTuple(unpickling, popMany(unpickling, 3)),

  EMPTY_DICT: ({ stack }) => stack.push(Object.create(null)),
  DICT: (unpickling) => {
    const items = unpickling.stack.takeGroup()
    unpickling.stack.push(Object.create(null))
    setItems(unpickling, items)
  },
  SETITEM: (unpickling) => setItems(unpickling, popMany(unpickling, 2)),
  SETITEMS: (unpickling) => setItems(unpickling, unpickling.stack.takeGroup()),

  GET: ({ cursor, stack }) => stack.push(stack.recall(keyOf(cursor))),
  BINGET: ({ cursor, stack }) => stack.push(stack.recall(cursor.takeUint(1))),
  LONG_BINGET: ({ cursor, stack }) => stack.push(stack.recall(cursor.takeUint(4))),
  PUT: ({ cursor, stack }) => stack.store(keyOf(cursor)),
  BINPUT: ({ cursor, stack }) => stack.store(cursor.takeUint(1)),
  LONG_BINPUT: ({ cursor, stack }) => stack.store(cursor.takeUint(4)),
  MEMOIZE: ({ stack }) => stack.store(stack.nextKey())
} satisfies Partial<Record<OpcodeName, (unpickling: Unpickling) => void>>

function popMany({ stack }: Unpickling, count: number): PickleValue[] {
  const items: PickleValue[] = []
  while (items.length < count) items.unshift(stack.pop())
  return items
}

function pushTuple({ stack, tuples }: Unpickling, items: PickleValue[]): void {
  tuples.add(items)
  stack.push(items)
}

function append({ cursor, stack, tuples }: Unpickling, items: readonly PickleValue[]): void {
  const list = stack.top()
  if (!isList(list) || tuples.has(list)) throw cursor.complaint('appends to what is no list')
  for (const item of items) list.push(item)
}

function setItems({ cursor, stack }: Unpickling, items: readonly PickleValue[]): void {
  const dict: unknown = stack.top()
  if (!isDict(dict)) throw cursor.complaint('sets a key of what is no dict')
  if (items.length % 2 !== 0) throw cursor.complaint('has a key without a value')
  items.forEach((key, index) => {
    if (index % 2 !== 0) return
    if (typeof key !== 'string') throw cursor.complaint('has a dict key that is no string', 'use strings as keys: str(key)')
    dict[key] = items[index + 1] ?? null
  })
}

function isList(value: PickleValue): value is PickleValue[] {
  return Array.isArray(value)
}

/** Only dicts are made without a prototype, so that no key of theirs has a meaning: `__proto__` is one like others. */
function isDict(value: unknown): value is Record<string, PickleValue> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}

function keyOf(cursor: ByteCursor): number {
  const line = cursor.takeLine()
  if (!/^\d{1,15}$/.test(line)) throw cursor.complaint('numbers its values in wrong digits')
  return Number(line)
}
