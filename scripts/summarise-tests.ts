import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'

/*
 * Adds up what the lanes of scripts/test left: verdicts of tools (`*.check`) and vitest's reports (`*.json`). Prints
 * what failed, what was skipped and the slowest tests, and closes with the line that CI reads.
 */

interface Report {
  testResults: { name: string; message: string; assertionResults: { fullName: string; status: string; duration?: number }[] }[]
}

const [folder = '.', kind = 'quick'] = process.argv.slice(2)
const slowestShown = 10
const lanes = kind === 'all' ? ['quick', 'servers'] : ['quick']

const tests = lanes.flatMap((lane) => {
  const path = join(folder, `${lane}.json`)
  // A lane without a report never came to its end.
  if (!existsSync(path)) return [{ title: `lane ${lane} (see ${folder}/${lane}.log)`, status: 'failed', seconds: 0 }]
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as Report
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative('', name)
    const results = assertionResults.map(({ fullName, status, duration = 0 }) => ({
      title: `${file}: ${fullName}`,
      status,
      seconds: duration / 1000
    }))
    // A file that could not be loaded has no tests.
    return message !== '' && results.every(({ status }) => status !== 'failed')
      ? [...results, { title: `${file}: ${message.split('\n')[0]}`, status: 'failed', seconds: 0 }]
      : results
  })
})
const checks = readdirSync(folder)
  .filter((name) => name.endsWith('.check'))
  .map((name) => ({
    title: `check ${basename(name, '.check')}`,
    status: readFileSync(join(folder, name), 'utf8').trim(),
    seconds: 0
  }))

const all = [...checks, ...tests]
const isSkipped = (status: string) => !['passed', 'failed'].includes(status)
const mayNotSkip = Boolean(process.env.CI)
const skipped = all.filter(({ status }) => isSkipped(status))
const failed = all.filter(({ status }) => status === 'failed' || (mayNotSkip && isSkipped(status)))
const passed = all.filter(({ status }) => status === 'passed')

const lines = [
  'Slowest:',
  ...[...all]
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, slowestShown)
    .map(({ title, seconds }) => `  ${seconds.toFixed(1).padStart(6)} s  ${title}`),
  ...skipped.map(({ title }) => `skipped: ${title}`),
  ...failed.map(({ title }) => `failed: ${title}`),
  `${passed.length} passed, ${failed.length} failed`
]
process.stdout.write(`${lines.join('\n')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
