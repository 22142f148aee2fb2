import { isFinished } from '@lautta/core/job/job'
import { logTablePath, type Run, sacctPath, timesPath, usagePath } from '@lautta/core/object-names'
import { allJobsOf, type KnownOrder } from '@lautta/core/orchestration/known-order'
import { readObject } from '@lautta/object-store/read-object'
import type { RowTable } from '@lautta/tables/column'
import { joinTables } from '@lautta/tables/join-tables'
import { readTable } from '@lautta/tables/read-table'
import { writeTable } from '@lautta/tables/write-table'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'

const tables = {
  sacct: { target: 'submitter', pathOf: sacctPath },
  usage: { target: 'submitter', pathOf: usagePath },
  logs: { target: 'pipeline', pathOf: logTablePath },
  times: { target: 'pipeline', pathOf: timesPath }
} as const
const tableNames = ['sacct', 'usage', 'logs', 'times'] as const

/** The tables of the caller's runs, joined. */
export function tableRoutes(app: App, { reader, store, management }: AppContext): void {
  app.get(
    '/tables/:table',
    {
      schema: {
        tags: ['tables'],
        summary: 'A table over the runs of one or all orders, as JSON rows or Parquet',
        params: z.object({ table: z.enum(tableNames) }),
        querystring: z.strictObject({
          orchestration: z.string().optional(),
          platform: z.string().optional(),
          since: z.iso.datetime({ offset: true }).optional().describe('orders accepted since then'),
          format: z.enum(['json', 'parquet']).default('json')
        })
      }
    },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { orchestration, platform, since, format } = request.query
      const { target, pathOf } = tables[request.params.table]
      const orders = orchestration === undefined ? await reader.readAll(user) : [await reader.read(user, orchestration)]
      const recent = orders.filter((order) => since === undefined || Date.parse(order.request.createdAt) >= Date.parse(since))
      const parts: { run: Run; table: RowTable }[] = []
      for (const run of recent.flatMap(runsOf).filter((one) => platform === undefined || one.platform === platform)) {
        const content = await readObject(store, management.bucketOf(user, target), pathOf(run))
        if (content !== null) parts.push({ run, table: readTable(content) })
      }
      const joined = joinTables(parts)
      if (format === 'parquet') return reply.type('application/vnd.apache.parquet').send(Buffer.from(writeTable(joined)))
      return { items: joined.rows, next: null }
    }
  )
}

/** The attempts of an order that may have tables. */
function runsOf(known: KnownOrder): Run[] {
  return allJobsOf(known).flatMap(({ platform, job }) =>
    [...job.earlier, job].filter(isFinished).map(({ attempt }) => ({ id: known.request.id, platform, index: job.index, attempt }))
  )
}
