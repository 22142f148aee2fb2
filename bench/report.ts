import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Measured } from './measure.ts'

const machine = `${cpus().length} cores, Node ${process.versions.node.split('.').slice(0, 2).join('.')}`
const page = new URL('../docs/benchmarks.md', import.meta.url)
const results = new URL('results/', import.meta.url)

/** One comparison for the terminal. */
export function describeMeasured({ title, unit, rounds, reference, figures }: Measured): string {
  const width = Math.max(...figures.map(({ peer }) => peer.length))
  const lines = figures.map(({ peer, median, least, most, ratio, errors }) => {
    const spread = `${show(median).padStart(8)} (${show(least)} to ${show(most)})`
    const share = peer === reference ? '' : `${Math.round(ratio * 100)} % of ${reference}`
    return `  ${peer.padEnd(width)}  ${spread.padEnd(34)} ${share}${errors > 0 ? `   ${errors} errors` : ''}`
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
  const cells = measured.flatMap(({ title, unit, rounds, reference, figures }) =>
    figures.map(({ peer, median, least, most, ratio, errors }, index) => [
      index === 0 ? `${title}, ${unit} (median of ${rounds})` : '',
      peer,
      show(median),
      `${show(least)} to ${show(most)}`,
      peer === reference ? '—' : `${Math.round(ratio * 100)} %`,
      String(errors)
    ])
  )
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
