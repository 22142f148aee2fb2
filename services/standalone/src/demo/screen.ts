const isTerminal = process.stdout.isTTY === true
const style = (code: string) => (text: string) => (isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text)

export const bold = style('1')
export const dim = style('2')
export const green = style('32')
export const red = style('31')

/** Prints a line. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

type Row = Readonly<Record<string, unknown>>

/** Prints the first rows of a table, and some of its columns. */
export function printTable(title: string, rows: readonly Row[], columns: readonly string[], where: string): void {
  const shown = rows.slice(0, 6).map((row) => columns.map((column) => format(row[column])))
  const widths = columns.map((column, at) => Math.max(column.length, ...shown.map((cells) => [...(cells[at] ?? '')].length)))
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - [...cell].length)).join('  ')}`.trimEnd()
  const others = Object.keys(rows[0] ?? {}).length - columns.length
  print()
  print(
    `${bold(title)}  ${dim(`${rows.length} ${rows.length === 1 ? 'row' : 'rows'}${others > 0 ? `, ${others} more columns` : ''}`)}`
  )
  print(dim(line(columns)))
  for (const cells of shown) print(line(cells))
  if (rows.length > shown.length) print(dim('  …'))
  print(`  ${dim(where)}`)
}

function format(value: unknown): string {
  if (value === null || value === undefined) return '–'
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value)
}
