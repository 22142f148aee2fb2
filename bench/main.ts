import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Benchmark } from './benchmark.ts'
import { startUp } from './start-up.ts'

const benchmarks: readonly Benchmark[] = [startUp]
const rounds = 7

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

mkdirSync('bench/results', { recursive: true })
for (const { name, unit, peers } of benchmarks) {
  const measured = Object.entries(peers).map(([peer, measure]) => ({ peer, measure, figures: [] as number[] }))
  // In turns, so that a busy moment of the machine meets all of them.
  for (let round = 0; round < rounds; round++) {
    for (const { measure, figures } of measured) figures.push(await measure())
  }
  const own = median(measured[0]?.figures ?? [])
  process.stdout.write(`${name}, ${unit}, ${rounds} rounds on ${cpus().length} cores, Node ${process.version}\n`)
  for (const { peer, figures } of measured) {
    const [middle, least, most] = [median(figures), Math.min(...figures), Math.max(...figures)].map((value) => value.toFixed(2))
    const ratio = (own / median(figures)).toFixed(1)
    process.stdout.write(`  ${peer.padEnd(30)} ${middle} (${least} to ${most})   ours is ${ratio} times that\n`)
  }
  const results = measured.map(({ peer, figures }) => ({ peer, figures }))
  writeFileSync(`bench/results/${name}.json`, `${JSON.stringify({ name, unit, at: new Date().toISOString(), results })}\n`)
}
