import { execFile } from 'node:child_process'
import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readRowCount } from '../../packages/tables/src/read-row-count.ts'
import { makePrivateFolder } from '../../test/servers/private-folder.ts'
import type { Benchmark, Comparison, Turn } from '../benchmark.ts'
import { makeLog } from './make-log.ts'

const megabyte = 1e6
const mebibyte = 1024 * 1024
const sizes = { full: [500 * megabyte, 5000 * megabyte], quick: [20 * megabyte, 100 * megabyte] }
const footerBytes = 8 * mebibyte

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const python = pathOf('../../.test/python/bin/python')

/** How each of them is begun: with a log, and a table that it is to write; it prints the most memory that it had. */
const programs: Readonly<Record<string, readonly string[]>> = {
  Lautta: [process.execPath, '--import', 'tsx', pathOf('write-log-table.ts')],
  DuckDB: [python, pathOf('peers.py'), 'DuckDB'],
  pyarrow: [python, pathOf('peers.py'), 'pyarrow']
}

/** The table LOGS of a log in a file: how fast it is made, and the most memory that it takes. */
export const logs: Benchmark = {
  name: 'logs',
  async prepare(scale) {
    const folder = await makePrivateFolder('lautta-bench')
    const comparisons: Comparison[] = []
    for (const bytes of sizes[scale]) {
      const log = join(folder.path, `${bytes}.log`)
      const rows = await makeLog(log, bytes)
      comparisons.push(...compare(log, rows, `${(bytes / megabyte).toLocaleString('en')} MB`))
    }
    return { comparisons, close: () => folder.remove() }
  }
}

/** Each runs once for both figures: first for its speed, and what memory it took is told after that. */
function compare(log: string, rows: number, size: string): Comparison[] {
  const memory = new Map<string, Turn>()
  const run = async (peer: string, argv: readonly string[]): Promise<Turn> => {
    const table = `${log}.parquet`
    const [program = '', ...rest] = argv
    const beganAt = performance.now()
    const { stdout } = await promisify(execFile)(program, [...rest, log, table])
    const seconds = (performance.now() - beganAt) / 1000
    const errors = (await countRows(table)) === rows ? 0 : 1
    memory.set(peer, { figure: Number(stdout) / mebibyte, errors })
    await rm(table)
    return { figure: (await stat(log)).size / megabyte / seconds, errors }
  }
  const tell = async (peer: string): Promise<Turn> => memory.get(peer) ?? { figure: Number.NaN, errors: 1 }
  const all = { reference: 'DuckDB', rounds: 1 }
  const speed = Object.entries(programs).map(([peer, argv]) => [peer, () => run(peer, argv)] as const)
  const most = Object.keys(programs).map((peer) => [peer, () => tell(peer)] as const)
  return [
    { ...all, title: `the table of a log of ${size}`, unit: 'MB/s', peers: Object.fromEntries(speed) },
    { ...all, title: `the most memory for it, of ${size}`, unit: 'MiB', peers: Object.fromEntries(most) }
  ]
}

async function countRows(table: string): Promise<number> {
  const file = await open(table)
  try {
    const { size } = await file.stat()
    const tail = Buffer.alloc(Math.min(size, footerBytes))
    await file.read(tail, 0, tail.length, size - tail.length)
    return readRowCount(tail)
  } finally {
    await file.close()
  }
}
