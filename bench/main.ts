import type { Benchmark } from './benchmark.ts'
import { files } from './files/files.ts'
import { follow } from './follow/follow.ts'
import { logs } from './logs/logs.ts'
import { measure } from './measure.ts'
import { objects } from './objects/objects.ts'
import { describeMeasured, keepResults } from './report.ts'
import { startUp } from './start-up.ts'
import { submit } from './submit/submit.ts'
import { tables } from './tables/tables.ts'
import { track } from './track/track.ts'

// `npm run bench` measures all, `npm run bench -- objects` that one, and `npm run bench -- --quick objects` has a quick look.
const benchmarks: readonly Benchmark[] = [startUp, objects, submit, track, follow, files, logs, tables]
const words = process.argv.slice(2)
const scale = words.includes('--quick') ? 'quick' : 'full'
const wanted = words.filter((word) => word !== '--quick')
const unknown = wanted.filter((name) => benchmarks.every((benchmark) => benchmark.name !== name))
if (unknown.length > 0) {
  process.stderr.write(
    `no benchmark is called ${unknown.join(', ')}; there are ${benchmarks.map(({ name }) => name).join(', ')}\n`
  )
  process.exit(2)
}

for (const { name, prepare } of benchmarks.filter((benchmark) => wanted.length === 0 || wanted.includes(benchmark.name))) {
  const { comparisons, close } = await prepare(scale)
  try {
    const measured = []
    for (const comparison of comparisons) {
      measured.push(await measure(comparison))
      process.stdout.write(`${describeMeasured(measured.at(-1)!)}\n`)
    }
    if (scale === 'full') keepResults(name, measured)
  } finally {
    await close()
  }
}
process.exit(0)
