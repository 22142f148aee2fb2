import { join, relative } from 'node:path'
import { messageOf } from '@lautta/core/errors'
import { loadConfig } from '@lautta/runtime/config'
import { createLogger } from '@lautta/runtime/logger'
import { runService } from '@lautta/runtime/run-service'
import { createStandalone } from '../create-standalone.ts'
import { type Client, createClient } from './client.ts'
import { piOrder, scriptObject } from './pi-order.ts'
import { bold, dim, print, printTable } from './screen.ts'
import { watchOrder } from './watch-order.ts'

const stopPatienceMs = 10_000

await runService(async () => {
  // Embedded defaults, a data directory and a port of its own: the demo may run beside a Lautta.
  const config = loadConfig(
    { standalone: true },
    { ...withoutSettings(process.env), LAUTTA_DATA_DIR: `${process.env.LAUTTA_DATA_DIR ?? '.lautta'}-demo`, LAUTTA_PORT: '0' }
  )
  const standalone = await createStandalone(config, createLogger(config.logLevel, join(config.dataDirectory, 'lautta.log')))
  const client = createClient(standalone.url, config.users[0]?.apiKey ?? '')
  const order = { id: '' }
  const ending = new AbortController()

  const show = async (): Promise<void> => {
    const folder = join(config.dataDirectory, 'work')
    print(`${bold('Lautta')} is ready at ${standalone.url} ${dim(`(its log: ${relative('', config.dataDirectory)}/lautta.log)`)}`)
    print()
    print(`PUT  /v1/objects/pipeline/${scriptObject.path}   ${dim('the batch script, examples/pi/pi.sh')}`)
    await client.put(`/objects/pipeline/${scriptObject.path}`, scriptObject.content)
    print(`POST /v1/orchestrations?start=true   ${dim('send two files, run the script, bring one file back')}`)
    order.id = (await client.post<{ id: string }>('/orchestrations?start=true', piOrder(folder))).id
    print(`     ${dim('→')} ${order.id}`)
    print()
    await watchOrder(client, order.id, ending.signal)
    if (ending.signal.aborted) return
    await showTables(client, order.id, relative('', join(config.dataDirectory, 'store')), {
      pipeline: `${config.bucketPrefix}-pipe-local`,
      submitter: `${config.bucketPrefix}-sub-air-local`
    })
  }
  const end = async (exitCode: number): Promise<void> => {
    await standalone.close()
    process.exit(exitCode)
  }
  show().then(
    async () => {
      if (!ending.signal.aborted) await end(0)
    },
    async (error: unknown) => {
      if (ending.signal.aborted) return
      process.stderr.write(`${messageOf(error)}\n`)
      await end(1)
    }
  )
  return {
    // Ctrl-C: the order is stopped first, so that nothing is left running.
    async close() {
      ending.abort()
      if (order.id !== '') await stopOrder(client, order.id)
      await standalone.close()
    }
  }
})

/** The environment without what was meant for another Lautta. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('LAUTTA_')))
}

async function stopOrder(client: Client, id: string): Promise<void> {
  print(dim('stopping the order …'))
  await client.post(`/orchestrations/${id}/stop`)
  const until = Date.now() + stopPatienceMs
  while (Date.now() < until && (await client.get<{ state: string }>(`/orchestrations/${id}`)).state !== 'finished') {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function showTables(
  client: Client,
  id: string,
  store: string,
  buckets: { pipeline: string; submitter: string }
): Promise<void> {
  const rows = async (table: string) =>
    (await client.get<{ items: Record<string, unknown>[] }>(`/tables/${table}?orchestration=${id}`)).items
  const run = `${id}-local-0-1`
  const at = (bucket: string, path: string) => `${store}/${bucket}/${path}`
  const sacct = [
    'job-id',
    'job-name',
    'state',
    'alloc-cpus',
    'elapsed-seconds',
    'total-cpu-seconds',
    'max-rss-bytes',
    'exit-code'
  ]
  printTable('SACCT', await rows('sacct'), sacct, at(buckets.submitter, `ARTIFACTS/SACCT/${run}.parquet`))
  printTable('LOGS', await rows('logs'), ['line', 'source', 'rows'], at(buckets.pipeline, `LOGS/${run}.parquet`))
  printTable('TIMES', await rows('times'), ['name', 'begin', 'end', 'total'], at(buckets.pipeline, `TIMES/${run}.parquet`))
  const usage = ['cpu-utilized-seconds', 'core-walltime-seconds', 'cpu-efficiency-percent', 'memory-utilized-bytes', 'source']
  printTable('USAGE', await rows('usage'), usage, at(buckets.submitter, `ARTIFACTS/USAGE/${run}.parquet`))
  print()
  print(`Read them with ${bold('pandas.read_parquet')}, or ask for them: GET /v1/tables/sacct?format=parquet`)
}
