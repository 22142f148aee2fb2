import type { SlurmServer } from '../servers/slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import type { Ask } from '../support/rest-client.ts'
import type { ClusterJob, History, TableRows, ToldOrder } from './check-history.ts'
import type { PostedOrder } from './clients.ts'

/** Gathers what clients were told, and what SLURM knows, when all is over. */
export async function readHistory(ask: Ask, slurm: SlurmServer, posted: readonly PostedOrder[]): Promise<History> {
  const print = async (...argv: string[]): Promise<string[]> => {
    const { stdout, stderr, exitCode } = await slurm.exec(argv)
    if (exitCode !== 0) throw new Error(stderr)
    return stdout.split('\n').filter((line) => line !== '')
  }
  // Without an end in the future sacct leaves the last seconds out.
  const window = ['-S', 'now-1hour', '-E', 'now+1hour']
  const records = await print('sacct', '-DanP', ...window, '-o', 'JobIDRaw,State,JobName')
  const orders: ToldOrder[] = []
  for (const order of posted) orders.push(await readOrder(ask, order))
  const rowsOf = ({ jobId }: ToldOrder): number => records.filter((record) => record.split(/[|.]/)[0] === jobId).length
  const tables: TableRows[] = []
  for (const order of orders.filter(({ jobId }) => jobId !== null).slice(0, 20)) {
    const storedRows = async (table: string): Promise<number> =>
      (await ask(`/v1/tables/${table}?orchestration=${order.id}`)).json.items.length
    tables.push({ order: order.id, stored: await storedRows('sacct'), accounted: rowsOf(order) })
    tables.push({ order: order.id, stored: await storedRows('usage'), accounted: 1 })
  }
  const jobs: ClusterJob[] = records.flatMap((record) => {
    const [id = '', state = '', name = ''] = record.split('|')
    return id.includes('.') ? [] : [{ id, state, name }]
  })
  return { orders, jobs, tables, runs: await print('cat', 'runs'), alive: await print('squeue', '--noheader') }
}

async function readOrder(ask: Ask, { id, isStopped, eventsBefore }: PostedOrder): Promise<ToldOrder> {
  const client = createOrderClient(ask)
  const { state, outcome, platforms } = await client.order(id)
  const [job] = platforms.mahti.jobs
  const { items } = (await ask(`/v1/orchestrations/${id}/events`)).json
  const jobId = job.id === 'None' ? null : job.id
  return { ...{ id, isStopped, state, outcome, jobId, eventsBefore }, isStored: job.status.stored, events: items }
}
