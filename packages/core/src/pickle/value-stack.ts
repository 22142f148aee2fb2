import type { ByteCursor } from './byte-cursor.ts'
import type { PickleValue } from './pickle-value.ts'

/** What a pickle builds its value on: a stack with marks, and a memo of values that are used again. */
export interface ValueStack {
  push(value: PickleValue): void
  pop(): PickleValue
  top(): PickleValue
  /** Begins a group; nothing below the mark can be taken until the group is. */
  mark(): void
  /** Ends the last group: what was pushed since its mark. */
  takeGroup(): PickleValue[]
  /** Drops the value on top, or the mark if that is what is on top. */
  drop(): void
  /** Keeps the value on top under a key. */
  store(key: number): void
  recall(key: number): PickleValue
  /** The key that is next when a pickle does not name it. */
  nextKey(): number
  /** Whether nothing is left, neither values nor marks. */
  isEmpty(): boolean
}

/** An empty stack, which takes so many values in all. */
export function createValueStack(cursor: ByteCursor, mostValues: number): ValueStack {
  const memo = new Map<number, PickleValue>()
  const outer: PickleValue[][] = []
  let group: PickleValue[] = []
  let pushed = 0

  const count = (total: number): void => {
    if (total > mostValues) throw cursor.complaint(`has more than ${mostValues} values`, 'split it')
  }
  const top = (): PickleValue => {
    const value = group.at(-1)
    if (value === undefined) throw cursor.complaint('uses a value that is not there')
    return value
  }
  const endGroup = (): PickleValue[] => {
    const ended = group
    const before = outer.pop()
    if (before === undefined) throw cursor.complaint('ends a group that was not begun')
    group = before
    return ended
  }

  return {
    top,
    push: (value) => {
      count(++pushed)
      group.push(value)
    },
    pop: () => {
      const value = top()
      group.pop()
      return value
    },
    mark: () => {
      count(outer.push(group))
      group = []
    },
    takeGroup: endGroup,
    drop: () => {
      if (group.pop() === undefined) endGroup()
    },
    store: (key) => {
      memo.set(key, top())
      count(memo.size)
    },
    recall: (key) => {
      const value = memo.get(key)
      if (value === undefined) throw cursor.complaint(`uses a value again that it never had (${key})`)
      return value
    },
    nextKey: () => memo.size,
    isEmpty: () => group.length === 0 && outer.length === 0
  }
}
