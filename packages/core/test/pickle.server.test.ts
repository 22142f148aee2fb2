import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPython } from '../../../test/support/python.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import { PickleError } from '../src/pickle/pickle-error.ts'
import { type PickleValue, pickleFloat } from '../src/pickle/pickle-value.ts'
import { readPickle } from '../src/pickle/read-pickle.ts'
import { toPlain } from '../src/pickle/to-plain.ts'
import { writePickle } from '../src/pickle/write-pickle.ts'
import { arbitraryValue, brokenPickle } from './arbitrary-pickles.ts'
import { tagInPython, tagValue } from './tag-value.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-pickle-'))
})
afterAll(() => rm(folder, { recursive: true }))

const dumpers = `
import sys, json, base64, pickle, pickletools
given = json.load(open(sys.argv[1]))
def every_dump(value):
  for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    for dumps in (pickle.dumps, pickle._dumps):
      dumped = dumps(value, protocol)
      for written in (dumped, pickletools.optimize(dumped)): yield base64.b64encode(written).decode()
`

/** Runs a script that finds its input as \`given\`. */
async function askPython(script: string, given: unknown): Promise<unknown> {
  const path = join(folder, 'given.json')
  await writeFile(path, JSON.stringify(given))
  return runPython(dumpers + tagInPython + script, path)
}

const fromBase64 = (text: string): PickleValue => readPickle(Buffer.from(text, 'base64'))

describe('Python', () => {
  it('loads what we pickle as the same, in C and in Python, and finds nothing later than protocol 2 in it', async () => {
    const values = fc.sample(arbitraryValue, 500)
    const answer = await askPython(
      `
pickles = [base64.b64decode(text) for text in given]
print(json.dumps({
  'inC': [tag(pickle.loads(one)) for one in pickles],
  'inPython': [tag(pickle._loads(one)) for one in pickles],
  'protocol': max(opcode.proto for one in pickles for opcode, _, _ in pickletools.genops(one))
}))`,
      values.map((value) => writePickle(value).toString('base64'))
    )
    const expected = values.map(tagValue)
    expect(answer).toEqual({ inC: expected, inPython: expected, protocol: 2 })
  })

  it('dumps what we read as the same, in every protocol, in C and in Python, optimized and not', async () => {
    const values = fc.sample(arbitraryValue, 60)
    const dumped = (await askPython(
      `
def shared(value): return {'list': [value, value], 'tuples': ((), (value,), (value, 1), (1, 2, value), (value, 2, 3, value))}
print(json.dumps([list(every_dump(shared(untag(one)))) for one in given]))`,
      values.map(tagValue)
    )) as string[][]
    const expected = values.map((value) =>
      tagValue({ list: [value, value], tuples: [[], [value], [value, 1], [1, 2, value], [value, 2, 3, value]] })
    )
    for (const [index, pickles] of dumped.entries()) {
      expect(pickles).toHaveLength(24)
      for (const pickle of pickles) expect(tagValue(fromBase64(pickle))).toEqual(expected[index])
    }
  })

  it('dumps long lists, wide dicts and long text in pieces and frames, and we join them', async () => {
    const dumped = (await askPython(
      "print(json.dumps(list(every_dump([list(range(1500)), {str(n): n / 2 for n in range(1500)}, 'ä' * 70000, ['x' * 9000 + str(n) for n in range(15)]]))))",
      null
    )) as string[]
    const halves = Array.from({ length: 1500 }, (_, n) => [String(n), n % 2 === 0 ? pickleFloat(n / 2) : n / 2] as const)
    const expected = tagValue([
      Array.from({ length: 1500 }, (_, n) => n),
      Object.fromEntries(halves),
      'ä'.repeat(70_000),
      Array.from({ length: 15 }, (_, n) => 'x'.repeat(9000) + n)
    ])
    for (const pickle of dumped) expect(tagValue(fromBase64(pickle))).toEqual(expected)
  })

  it("dumps seed 000's dictionary, whose platforms share their configs and files, and the schema takes it", async () => {
    const seed: unknown = JSON.parse(
      await readFile(new URL('../../../examples/orchestrations/three-supercomputers.json', import.meta.url), 'utf8')
    )
    const dumped = (await askPython(
      `
first = given['platforms']['puhti']
for platform in given['platforms'].values():
  for part in ('configs', 'files', 'jobs'): platform[part] = first[part]
print(json.dumps(list(every_dump(given))))`,
      seed
    )) as string[]
    const schema = orchestrationSchema(['puhti', 'mahti', 'lumi'])
    for (const pickle of dumped) {
      const value = fromBase64(pickle) as { platforms: Record<string, Record<string, PickleValue>> }
      expect(value.platforms.puhti?.configs).toBe(value.platforms.lumi?.configs)
      expect(schema.parse(toPlain(value))).toEqual(schema.parse(seed))
    }
  })

  it.each([
    ['an OrderedDict', "__import__('collections').OrderedDict(a=1)", /collections\.OrderedDict/],
    ['a date', "__import__('datetime').date(2026, 1, 1)", /datetime\.date/],
    ['a complex number', '1j', /(builtin(s|__)|__builtin__)\.complex/],
    ['a function', 'len', /(builtins|__builtin__)\.len/],
    ['a set', "{'gcc', 'cmake'}", /a set|\.set/],
    ['a frozenset', "frozenset(['gcc'])", /a set|\.frozenset/],
    ['an int as a key', '{1: 2}', /key that is no string/],
    ['a tuple as a key', "{('a',): 2}", /key that is no string/],
    ['a list that holds itself', '(lambda one: one.append(one) or one)([])', /holds itself/],
    ['a tuple that holds itself', '(lambda one: one.append((one,)) or one[0])([])', /holds itself/],
    ['lists in lists', "eval('[' * 150 + ']' * 150, {'__builtins__': {}})", /more than 100 deep/]
  ])('dumps %s, which is refused in every protocol', async (_what, expression, words) => {
    const dumped = (await askPython(`print(json.dumps(list(every_dump(${expression}))))`, null)) as string[]
    expect(dumped).toHaveLength(24)
    for (const pickle of dumped) {
      expect(() => fromBase64(pickle)).toThrow(PickleError)
      expect(() => fromBase64(pickle)).toThrow(words)
    }
  })

  it('dumps bytes, which are read from protocol 3 on', async () => {
    const dumped = (await askPython("print(json.dumps(list(every_dump(b'\\0\\xff' * 200))))", null)) as string[]
    for (const pickle of dumped.slice(0, 12)) expect(() => fromBase64(pickle)).toThrow(/_codecs\.encode/)
    for (const pickle of dumped.slice(12))
      expect(fromBase64(pickle)).toEqual(new Uint8Array(Buffer.from('00ff'.repeat(200), 'hex')))
  })

  it('reads as the same whatever we read of broken pickles', async () => {
    const readByUs = fc.sample(brokenPickle, 10_000).flatMap((bytes) => {
      const value = readOrRefuse(bytes)
      return value === undefined ? [] : [{ pickle: bytes.toString('base64'), tagged: tagValue(value) }]
    })
    expect(readByUs.length).toBeGreaterThan(200)
    const answer = await askPython(
      `
import io
class DataOnly(pickle._Unpickler):
  def find_class(self, *names): raise RuntimeError(names)
def load(text):
  try: return tag(DataOnly(io.BytesIO(base64.b64decode(text)), encoding='utf-8', errors='surrogatepass').load())
  except Exception as error: return [text, repr(error)]
print(json.dumps([load(one) for one in given]))`,
      readByUs.map(({ pickle }) => pickle)
    )
    expect(answer).toEqual(readByUs.map(({ tagged }) => tagged))
  })
})

function readOrRefuse(bytes: Buffer): PickleValue | undefined {
  try {
    return readPickle(bytes)
  } catch (error) {
    if (error instanceof PickleError) return undefined
    throw error
  }
}
