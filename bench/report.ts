import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Figures, Measured } from './measure.ts'

const machine = `${cpus().length} cores, Node ${process.versions.node.split('.').slice(0, 2).join('.')}`
const page = new URL('../docs/benchmarks.md', import.meta.url)
const results = new URL('results/', import.meta.url)

// With fewer turns the 95th of a hundred is the last one.
const leastRoundsForP95 = 20

/** One comparison for the terminal. */
export function describeMeasured(measured: Measured): string {
  const { title, unit, rounds, reference, toldAs, figures } = measured
  const width = Math.max(...figures.map(({ peer }) => peer.length))
  const lines = figures.map((figure) => {
    const { peer, median, errors } = figure
    const spread = `${show(median).padStart(8)} (${describeSpread(figure, rounds)})`
    const beside =
      peer === reference ? '' : `${describeBeside(figure, measured)} ${toldAs === 'share' ? 'of' : 'on'} ${reference}`
    return `  ${peer.padEnd(width)}  ${spread.padEnd(34)} ${beside}${errors > 0 ? `   ${errors} errors` : ''}`
  })
  return `${title}, ${unit}, ${rounds} rounds\n${lines.join('\n')}\n`
}

/** Keeps what a benchmark measured: as JSON, and as the table between its marks in docs/benchmarks.md. */
export function keepResults(name: string, measured: readonly Measured[]): void {
  mkdirSync(results, { recursive: true })
  const kept = { name, machine, at: new Date().toISOString(), measured }
  writeFileSync(new URL(`${name}.json`, results), `${JSON.stringify(kept, null, 2)}\n`)
  const text = readFileSync(page, 'utf8')
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- end of ${name} -->`]
  if (!text.includes(begin) || !text.includes(end)) throw new Error(`docs/benchmarks.md has no marks for ${name}`)
  const [before = ''] = text.split(begin)
  const [, after = ''] = text.split(end)
  writeFileSync(page, `${before}${begin}\n\n${tableOf(measured)}\n${end}${after}`)
}

function tableOf(measured: readonly Measured[]): string {
  const cells = measured.flatMap((comparison) => {
    const { title, unit, rounds, reference, figures } = comparison
    return figures.map((figure, index) => [
      index === 0 ? `${title}, ${unit}${rounds === 1 ? '' : ` (median of ${rounds})`}` : '',
      figure.peer,
      show(figure.median),
      describeSpread(figure, rounds),
      figure.peer === reference ? '—' : describeBeside(figure, comparison),
      String(figure.errors)
    ])
  })
  const head = [`what (${machine})`, 'who', 'median', 'spread', 'of the reference (—)', 'errors']
  const rows = [head, head.map(() => ''), ...cells]
  const widths = head.map((_name, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const lines = rows.map((row, index) =>
    index === 1
      ? `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
      : `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  )
  return `${lines.join('\n')}\n`
}

function show(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3)
}

function describeSpread({ least, most, p95 }: Figures, rounds: number): string {
  return `${show(least)} to ${show(most)}${rounds < leastRoundsForP95 ? '' : `, p95 ${show(p95)}`}`
}

/** What a figure is of the reference's: a share, or so much more or less. */
function describeBeside({ ratio, difference }: Figures, { toldAs, unit }: Measured): string {
  if (toldAs === 'share') return `${Math.round(ratio * 100)} %`
  return `${difference < 0 ? '−' : '+'}${show(Math.abs(difference))} ${unit}`
}
