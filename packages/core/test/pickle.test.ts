import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { RefusedError } from '../src/errors.ts'
import { type OpcodeName, opcodes } from '../src/pickle/opcodes.ts'
import { PickleError } from '../src/pickle/pickle-error.ts'
import { type PickleValue, pickleFloat } from '../src/pickle/pickle-value.ts'
import { readPickle } from '../src/pickle/read-pickle.ts'
import { refused } from '../src/pickle/refusals.ts'
import { toPlain } from '../src/pickle/to-plain.ts'
import { writePickle } from '../src/pickle/write-pickle.ts'
import { arbitraryValue, brokenPickle } from './arbitrary-pickles.ts'
import { recordedPickles } from './recorded-pickles.ts'
import { tagValue } from './tag-value.ts'

const venv = { name: 'exp€', modules: ['gcc', 'pytorch'] }
const recordedValue: PickleValue = {
  name: 'fä\\u20ac\n\u001a\0\ufeff😀\'"',
  str: 'plain \\ \'"',
  flags: [true, false, null],
  ints: [
    ...[0, 1, 255, 256, 65535, 65536, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53 - 1],
    ...[2n ** 53n, -(2n ** 63n), 2n ** 70n, -(2n ** 2100n)]
  ],
  floats: [pickleFloat(1), -0, 0.1, 1e300, Infinity, -Infinity, Number.NaN],
  tuples: [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]],
  empty: [[], {}, ''],
  shared: [venv, venv],
  ['__proto__']: { polluted: true }
}

/** A pickle as one would write it in Python: a byte for each character. */
const pickle = (text: string): Buffer => Buffer.from(text, 'latin1')
const read = (text: string): PickleValue => readPickle(pickle(text))

function refusalOf(act: () => unknown): PickleError {
  try {
    act()
  } catch (error) {
    // Whatever else is thrown is the failure to be seen.
    if (error instanceof PickleError) return error
    throw error
  }
  throw new Error('it was not refused')
}

/** For input that may be good or bad: any other error than PickleError comes through. */
function expectRefusalOr(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof PickleError)) throw error
  }
}

describe('a pickle', () => {
  it.each(recordedPickles)('of Python %s, protocol %i, pickled by %s, is read', (_python, _protocol, _pickler, base64) => {
    expect(tagValue(readPickle(Buffer.from(base64, 'base64')))).toEqual(tagValue(recordedValue))
  })

  it.each<[string, string, PickleValue]>([
    ['a str of Python 2, protocol 0', "S'it\\'s \\xc3\\xa4\\n\\\\'\n.", "it's ä\n\\"],
    ['a str of Python 2, protocol 1', 'U\x02\xc3\xa4.', 'ä'],
    ['a long string of Python 2', 'T\x01\0\0\0x.', 'x'],
    ['a unicode of Python 2', 'V\\u20ac \\U0001f600 \xe4 \\n\\\\u0041\n.', '€ 😀 ä \\n\\\\u0041'],
    ['a string of more than 4 GiB, had it been one', '\x80\x04\x8d\x01\0\0\0\0\0\0\0x.', 'x'],
    ['a lone surrogate', 'X\x05\0\0\0a\xed\xa0\x80b.', 'a\ud800b'],
    ['a byte order mark', 'X\x03\0\0\0\xef\xbb\xbf.', '\ufeff'],
    ['a byte order mark beside U+FFFD', 'X\x06\0\0\0\xef\xbb\xbf\xef\xbf\xbd.', '\ufeff\ufffd'],
    ['booleans of protocol 0', '(I01\nI00\nl.', [true, false]],
    ['an int and a long of protocol 0', '(I-5\nL123456789012345678901L\nl.', [-5, 123456789012345678901n]],
    ['an int of no bytes', '\x8a\0.', 0],
    ['an int of many bytes', '\x8b\x02\0\0\0\x01\x80.', -32767],
    ['floats of protocol 0', '(F1.5\nF-inf\nF2\nFnan\nF1e+16\nl.', [1.5, -Infinity, pickleFloat(2), Number.NaN, 1e16]],
    ['bytes', '\x80\x03C\x02\0\xff.', new Uint8Array([0, 255])],
    ['long bytes', '\x80\x03B\x01\0\0\0\x07.', new Uint8Array([7])],
    ['a bytearray', '\x80\x05\x96\x01\0\0\0\0\0\0\0\x07.', new Uint8Array([7])],
    ['a key that is set twice', '}(U\x01aK\x01U\x01aK\x02u.', { a: 2 }],
    ['values that are dropped and doubled, and groups that are dropped', '(K\x01K\x0202((0(K\x0311l.', [1, 1]],
    ['values that are used again by their keys', '(]p9\nq\x07r\0\0\x01\0g9\nh\x07j\0\0\x01\0t.', [[], [], [], []]],
    ['values that are used again by their turn', '\x80\x04(]\x94K\x07\x94h\x01h\0l.', [[], 7, 7, []]]
  ])('is read: %s', (_what, text, value) => {
    expect(tagValue(read(text))).toEqual(tagValue(value))
  })

  it('shares in the value what it shares itself, as seed 000 shares its configs', () => {
    const value = read('}U\x01a]q\0sU\x01bh\0s.') as { a: PickleValue; b: PickleValue }
    expect(value.a).toBe(value.b)
  })

  it('has keys that mean nothing but themselves', () => {
    const value = read('}U\x09__proto__}U\x08pollutedI01\nssU\x0bconstructorNs.')
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor'])
    const plain = toPlain(value)
    expect(JSON.stringify(plain)).toBe('{"__proto__":{"polluted":true},"constructor":null}')
    expect(z.strictObject({ constructor: z.null() }).safeParse(plain).error?.issues).toMatchObject([{ keys: ['__proto__'] }])
    expect(z.record(z.string(), z.unknown()).parse(plain)).not.toHaveProperty('polluted')
    expect({}).not.toHaveProperty('polluted')
  })

  it('is small or refused: in bytes, values and depth', () => {
    const nested = writePickle([[['three']]])
    expect(readPickle(nested, { deepest: 3, mostValues: 4, mostBytes: nested.length })).toEqual([[['three']]])
    expect(refusalOf(() => readPickle(nested, { deepest: 2 })).message).toContain('more than 2 deep')
    expect(refusalOf(() => readPickle(nested, { mostValues: 3 })).message).toContain('more than 3 values')
    expect(refusalOf(() => readPickle(nested, { mostBytes: nested.length - 1 })).message).toContain('and may have')
  })
})

describe('a pickle that is no plain data', () => {
  it.each(Object.keys(refused) as OpcodeName[])('is refused with what to do: %s', (name) => {
    const error = refusalOf(() =>
      readPickle(Buffer.concat([pickle('U\x01aU\x01b'), Buffer.from([opcodes[name]]), pickle('c\nd\n.')]))
    )
    expect(error.message).toContain(`${name} is refused`)
    expect(error.hint).toContain('plain dicts, lists, strings, numbers')
    expect(error).toBeInstanceOf(RefusedError)
  })

  it.each([
    ['protocol 0', "cos\nsystem\n(S'true'\ntR."],
    ['protocol 4', '\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85R.']
  ])('is told by the name of what it would call: %s', (_protocol, text) => {
    expect(refusalOf(() => read(text)).message).toMatch(/a Python object, os\.system: (STACK_)?GLOBAL is refused/)
  })

  it('is not told by a name that can not be shown', () => {
    expect(refusalOf(() => read('c\x1b[2J\nx\n.')).message).toBe('the pickle holds a Python object: GLOBAL is refused (byte 0)')
    expect(refusalOf(() => read('}}\x93.')).message).toBe('the pickle holds a Python object: STACK_GLOBAL is refused (byte 2)')
  })

  it('has its bytes read from protocol 3 on, and before that a word about it', () => {
    const error = refusalOf(() => read('\x80\x02c_codecs\nencode\nX\x01\0\0\0aX\x06\0\0\0latin1\x86R.'))
    expect(error.hint).toContain('protocol 3 or later')
  })
})

describe('a damaged pickle', () => {
  it.each([
    ['nothing', '', 'ends too early'],
    ['no STOP', ']', 'ends too early'],
    ['a string beyond its end', 'X\x05\0\0\0abc.', 'ends too early'],
    ['a string of 2^64-1 bytes', '\x8d\xff\xff\xff\xff\xff\xff\xff\xff.', 'ends too early'],
    ['a line without an end', 'I12', 'ends too early'],
    ['a frame beyond its end', '\x95\x05\0\0\0\0\0\0\0N.', 'ends too early'],
    ['a frame in a frame', '\x95\x0a\0\0\0\0\0\0\0\x95\x01\0\0\0\0\0\0\0N.', 'a frame within a frame'],
    ['a string that leaves its frame', '\x95\x03\0\0\0\0\0\0\0\x8c\x02ab.', 'leaves its frame'],
    ['JSON', '{"name": 1}', 'unknown instruction 0x7b'],
    ['a later protocol', '\x80\x06N.', 'is of protocol 6'],
    ['no value', '.', 'a value that is not there'],
    ['a value below a mark', 'N(0(.', 'a value that is not there'],
    ['two values', 'NN.', 'more than one value'],
    ['a mark left over', 'N(N.', 'more than one value'],
    ['bytes after its end', 'N.N.', '2 more bytes follow'],
    ['a group that was not begun', 'Nl.', 'a group that was not begun'],
    ['a memo key without a value', 'h\x05.', 'never had (5)'],
    ['a memo key that is no number', 'g0x1\n.', 'wrong digits'],
    ['an append to a tuple', ')Na.', 'no list'],
    ['an append to a dict', '}Na.', 'no list'],
    ['a key in a list', ']U\x01aNs.', 'no dict'],
    ['a key without a value', '}(U\x01au.', 'a key without a value'],
    ['an int as a key', '}K\x01Ns.', 'no string'],
    ['a list as a key', '}]Ns.', 'no string'],
    ['a wrong int', 'I1x\n.', 'an int in wrong digits'],
    ['an int in hex', 'I0x10\n.', 'an int in wrong digits'],
    ['an empty int', 'I\n.', 'an int in wrong digits'],
    ['an octal int', 'L010L\n.', 'an int in wrong digits'],
    ['an int of 4,301 digits', `L${'9'.repeat(4301)}L\n.`, 'more than 4,300'],
    ['a wrong float', 'Fx\n.', 'a float in wrong digits'],
    ['an empty float', 'F\n.', 'a float in wrong digits'],
    ['wrong UTF-8', 'X\x01\0\0\0\xff.', 'not UTF-8'],
    ['wrong UTF-8 with a lone surrogate', 'X\x05\0\0\0\xc3\xed\xa0\x80\xa9.', 'not UTF-8'],
    ['binary of Python 2', 'U\x01\xe4.', 'not UTF-8'],
    ['a str without quotes', 'Sabc\n.', 'a wrong form'],
    ['a str with one quote', "S'\n.", 'a wrong form'],
    ['a str with a cut escape', "S'\\\n.", 'a wrong form'],
    ['a str with a wrong escape', "S'\\xg0'\n.", 'a wrong form'],
    ['a unicode with a cut escape', 'V\\u20a\n.', 'a wrong escape'],
    ['a unicode beyond Unicode', 'V\\U00110000\n.', 'a wrong escape']
  ])('is refused: %s', (_what, text, words) => {
    const { message, hint } = refusalOf(() => read(text))
    expect(message).toContain(words)
    expect(hint).toBeTruthy()
  })

  it('is refused wherever it was cut off', () => {
    for (const [, , , base64] of recordedPickles.filter(([python]) => python === '3.13.0')) {
      const whole = Buffer.from(base64, 'base64')
      for (let bytes = 0; bytes < whole.length; bytes++) refusalOf(() => readPickle(whole.subarray(0, bytes)))
    }
  })

  it('only ever throws PickleError, and what is read in spite of it is plain data', () => {
    fc.assert(
      fc.property(fc.oneof(brokenPickle, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        expectRefusalOr(() => {
          const value = readPickle(bytes)
          expectRefusalOr(() => expect(tagValue(readPickle(writePickle(value)))).toEqual(tagValue(value)))
          expectRefusalOr(() => JSON.stringify(toPlain(value)))
        })
      }),
      { numRuns: 4000 }
    )
  })
})

describe('a hostile pickle', () => {
  const megabyte = 1024 * 1024
  const deepList = `${']'.repeat(60)}${'a'.repeat(59)}`
  it.each<[string, () => Buffer | string, string]>([
    ['a list doubled fifty times', () => `]${'q\x000(h\0h\0l'.repeat(50)}.`, 'more than 200000 values'],
    ['a text used a thousand times', () => `(X\0\0\x10\0${'x'.repeat(megabyte)}q\0${'h\0'.repeat(1000)}l.`, 'bytes of text'],
    ['a list that holds itself', () => ']q\0h\0a.', 'holds itself'],
    ['a dict that holds itself', () => '}q\0U\x01ah\0s.', 'holds itself'],
    ['a tuple that holds itself', () => '(]q\0h\0\x85q\x01ah\x01l.', 'holds itself'],
    ['lists in lists', () => `${']'.repeat(100_000)}${'a'.repeat(99_999)}.`, 'more than 100 deep'],
    ['tuples in tuples', () => `)${'\x85'.repeat(150_000)}.`, 'more than 100 deep'],
    ['a deep list deep in another', () => `(${deepList}q\0${']'.repeat(60)}h\0${'a'.repeat(60)}l.`, 'more than 100 deep'],
    ['lists', () => ']'.repeat(8 * megabyte), 'more than 200000 values'],
    ['marks', () => '('.repeat(8 * megabyte), 'more than 200000 values'],
    ['instructions', () => `N${'q\0'.repeat(4 * megabyte)}.`, 'more instructions than its values need'],
    ['keys for one value', () => `N${'\x94'.repeat(8 * megabyte)}.`, 'more than 200000 values'],
    ['an int of 8 MiB', () => Buffer.concat([pickle('\x8b\0\0\x80\0'), Buffer.alloc(8 * megabyte, 0x7f)]), 'more than 1 MiB'],
    ['digits', () => `I${'1'.repeat(8 * megabyte)}\n.`, 'more than 4,300'],
    ['a float of digits', () => `F${'1'.repeat(8 * megabyte)}x\n.`, 'wrong digits'],
    ['escapes', () => `V${'\\u0041'.repeat(megabyte)}\\u\n.`, 'wrong escape']
  ])('is refused at once: %s', (_what, make, words) => {
    const made = make()
    expect(refusalOf(() => readPickle(Buffer.from(made as string, 'latin1'))).message).toContain(words)
  })

  it('is not let through by limits that JavaScript itself could not keep', () => {
    const tuples = pickle(`)${'\x85'.repeat(100_000)}.`)
    const asked = { deepest: 1_000_000, mostValues: 1_000_000 }
    expect(refusalOf(() => readPickle(tuples, asked)).message).toContain('more than 1000 deep')
  })

  it.each(Object.entries(opcodes))('is refused at once: nothing but %s', (_name, byte) => {
    for (const before of ['', 'N', '(NN', ']', '}']) {
      const bytes = Buffer.concat([pickle(before), Buffer.alloc(200_000, byte)])
      refusalOf(() => readPickle(bytes, { mostValues: 20_000 }))
    }
  })
})

describe('plain data', () => {
  it('comes back from a pickle as it went, floats as floats', () => {
    fc.assert(
      fc.property(arbitraryValue, (value) => {
        expect(tagValue(readPickle(writePickle(value)))).toEqual(tagValue(value))
      }),
      { numRuns: 500 }
    )
  })

  it.each<[string, PickleValue, string]>([
    ['a dict', { a: [null, true, 'ä', []] }, '}(X\x01\0\0\0a](N\x88X\x02\0\0\0\xc3\xa4]eu'],
    ['an int', 7, 'J\x07\0\0\0'],
    ['a float', pickleFloat(7), 'G\x40\x1c\0\0\0\0\0\0'],
    ['minus zero', -0, 'G\x80\0\0\0\0\0\0\0'],
    ['a long int', 2 ** 31, '\x8a\x05\0\0\0\x80\0'],
    ['a long negative int', -(2n ** 63n), '\x8a\x08\0\0\0\0\0\0\0\x80']
  ])('is written in protocol 2, without a memo and as short as Python does: %s', (_what, value, instructions) => {
    expect(writePickle(value).toString('latin1')).toBe(`\x80\x02${instructions}.`)
  })

  const cyclic: PickleValue[] = []
  cyclic.push(cyclic)
  let doubled: PickleValue = []
  for (let times = 0; times < 50; times++) doubled = [doubled, doubled]
  let deep: PickleValue = 'deep'
  for (let times = 0; times < 50_000; times++) deep = { deep }
  it.each<[string, unknown, string]>([
    ['undefined', { a: undefined }, 'Undefined is no plain data'],
    ['a hole', Array(1), 'Undefined is no plain data'],
    ['a function', [() => 1], 'Function is no plain data'],
    ['a symbol', Symbol('s'), 'Symbol is no plain data'],
    ['a date', [new Date(0)], 'Date is no plain data'],
    ['a map', new Map(), 'Map is no plain data'],
    ['bytes', [Buffer.from('x')], 'Uint8Array is no plain data'],
    ['a list that holds itself', cyclic, 'holds itself'],
    ['a list doubled fifty times', doubled, 'more than 200000 values'],
    ['dicts in dicts', deep, 'more than 100 deep'],
    ['more text than is read', 'x'.repeat(17 * 1024 * 1024), 'bytes of text'],
    ['an int of 2 MiB', 2n ** 16_777_216n, 'more than 1 MiB']
  ])('is nothing else: %s is refused', (_what, value, words) => {
    expect(refusalOf(() => writePickle(value as PickleValue)).message).toContain(words)
  })

  it('is what JSON can say once it is made plain for a schema', () => {
    const value: PickleValue = { one: pickleFloat(1), half: [0.5], wide: -(2n ** 64n), text: 'x', none: null, yes: true }
    expect(toPlain(value)).toEqual({ one: 1, half: [0.5], wide: '-18446744073709551616', text: 'x', none: null, yes: true })
    expect(JSON.stringify(pickleFloat(1))).toBe('1')
  })

  it('names the place of what JSON can not say', () => {
    const bytes = { jobs: [{ path: new Uint8Array(1) }] }
    expect(refusalOf(() => toPlain(bytes)).message).toBe('jobs[0].path is bytes')
    expect(refusalOf(() => toPlain(2n ** 1024n)).message).toBe('the value is an int of more than 308 digits')
  })
})
