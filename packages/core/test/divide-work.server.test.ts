import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runPython } from '../../../test/support/python.ts'
import { divideItems, weighClusters } from '../src/ray/divide-work.ts'
import { workItemsSchema } from '../src/ray/work-items.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-divide-'))
})
afterAll(() => rm(folder, { recursive: true }))

// The formulas alone, in numpy and by Python's own sorting; a division by 0, for which ours have rules, is an error here.
const formulas = `
import sys, json
import numpy as np
np.seterr(all='raise')

def shares_of(clusters, weights):
  amounts = np.array([[cluster[kind] for kind in weights] for cluster in clusters], dtype=float)
  scores = (amounts / amounts.max(axis=0)) @ np.array(list(weights.values()), dtype=float)
  return list(scores / scores.sum())

def divided(items, shares):
  parts, loads = [[] for _ in shares], [0 for _ in shares]
  for item in sorted(items, key=lambda item: (item[-2], item[-1]), reverse=True):
    least = min(range(len(shares)), key=lambda index: loads[index] / shares[index])
    parts[least].append(item[0])
    loads[least] += item[-1]
  return parts

with open(sys.argv[1], encoding='utf-8') as given:
  cases = json.load(given)
print(json.dumps([
  {'shares': shares_of(case['clusters'], case['weights']), 'parts': divided(case['items'], case['shares'])} for case in cases
]))
`

const clusters = fc
  .array(
    fc.record({ CPU: fc.integer({ min: 1, max: 256 }), RAM: fc.double({ min: 1, max: 1e12, noNaN: true }), GPU: fc.nat(8) }),
    {
      minLength: 1,
      maxLength: 6
    }
  )
  .filter((all) => all.some(({ GPU }) => GPU > 0))
const importance = fc.double({ min: 0.01, max: 10, noNaN: true })
const orders = fc.constantFrom<fc.Arbitrary<number | string>>(
  fc.nat(6),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'binary', maxLength: 3 })
)
const heaviness = fc.oneof(fc.nat(7), fc.double({ min: 0, max: 100, noNaN: true }))
const lists = orders
  .chain((order) => fc.array(fc.tuple(order, heaviness), { maxLength: 60 }))
  .map((pairs) => pairs.map(([order, weight], index): [number, number | string, number] => [index, order, weight]))

it('work is divided as numpy and Python divide it by the same formulas', async () => {
  const drawn = fc.sample(
    fc.record({ clusters, weights: fc.record({ CPU: importance, RAM: importance, GPU: importance }), items: lists }),
    400
  )
  const cases = drawn.map((one) => ({
    ...one,
    shares: [...weighClusters(new Map(one.clusters.map((has, index) => [`c${index}`, has])), one.weights).values()]
  }))
  const path = join(folder, 'cases.json')
  await writeFile(path, JSON.stringify(cases))
  const answers = (await runPython(formulas, path)) as { shares: number[]; parts: number[][] }[]
  for (const [index, { shares, items }] of cases.entries()) {
    const answer = answers[index]!
    // numpy adds up in a sequence of its own.
    for (const [cluster, share] of shares.entries()) expect(share).toBeCloseTo(answer.shares[cluster]!, 12)
    const divided = divideItems(workItemsSchema.parse(items), new Map(shares.map((share, cluster) => [`c${cluster}`, share])))
    expect([...divided.values()].map((part) => part.map(({ list }) => list[0]))).toEqual(answer.parts)
  }
})
