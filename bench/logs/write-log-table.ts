import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { streamLogTable } from '../../packages/tables/src/log-table.ts'

// A process of its own makes the table of a log, and tells the most memory that it had: `<log> <table>`.
const [log = '', table = ''] = process.argv.slice(2)

async function* readLog() {
  for await (const bytes of createReadStream(log, { highWaterMark: 256 * 1024 })) yield { source: 'out' as const, bytes }
}

await pipeline(streamLogTable(readLog()), createWriteStream(table))
process.stdout.write(String(process.resourceUsage().maxRSS * 1024))
