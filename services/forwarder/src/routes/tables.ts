import { Readable } from 'node:stream'
import { runTableNames } from '@lautta/core/compaction/run-tables'
import { streamTable } from '@lautta/tables/stream-table'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { datedTableNames, planDates } from '../tables/plan-dates.ts'
import { planRuns } from '../tables/plan-runs.ts'
import { createPlanReader, type EntryRows } from '../tables/read-plan.ts'
import { readCursor } from '../tables/table-cursor.ts'
import type { TablePlan } from '../tables/table-entry.ts'
import { writeJson } from '../tables/write-json.ts'

// Proxies take 4 KiB of headers; a warning's letters may become six each.
const mostHeaderBytes = 3000
const mostLetters = 300

const tableParams = z.object({ table: z.enum([...runTableNames, ...datedTableNames]) })

const tableQuery = z.strictObject({
  orchestration: z.string().optional().describe('of that order alone'),
  platform: z.string().optional(),
  since: z.iso
    .datetime({ offset: true, error: 'write a time with its zone, like 2026-01-31T12:00:00Z' })
    .optional()
    .describe('of orders accepted since then; of tasks and audit, rows since then; files of your own, changed since then'),
  format: z.enum(['json', 'parquet']).default('json'),
  limit: z.coerce.number().int().min(1).max(100_000).default(10_000).describe('rows of one JSON answer; Parquet is always whole'),
  cursor: z.string().optional().describe('`next` of the JSON answer before')
})

const answers = {
  200: {
    description:
      'The rows in the sequence in which their orders came, then by platform, job and attempt. What can not be read is left ' +
      'out and named: in `warnings`, or in the header `x-lautta-warnings` of Parquet, as a JSON list.',
    content: {
      'application/json': {
        schema: z.toJSONSchema(
          z.object({
            items: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
            next: z.string().nullable(),
            warnings: z.array(z.string())
          }),
          { target: 'draft-2020-12' }
        )
      },
      'application/vnd.apache.parquet': { schema: { type: 'string', format: 'binary' } }
    }
  }
}

/** The tables of the caller's runs, joined, and those that are kept by date. */
export function tableRoutes(app: App, context: AppContext): void {
  app.get(
    '/tables/:table',
    {
      schema: {
        tags: ['tables'],
        summary: 'A table over the runs of one or all orders, as JSON rows or Parquet',
        params: tableParams,
        querystring: tableQuery,
        answers
      }
    },
    async (request, reply) => {
      const { format, limit, cursor } = request.query
      const resume = readCursor(cursor)
      const plan = await planTable(context, request, request.params.table, request.query)
      const warnings: string[] = []
      const tellLog = (path: string, error: string, words: string) =>
        request.log.warn({ path, error, table: request.params.table }, words)
      const reader = createPlanReader(context.store, plan, {
        onLeftOut(path, why) {
          warnings.push(`${path} is left out, or its end: it can not be read: ${why}`)
          tellLog(path, why, 'an object of a table can not be read')
        },
        onUseless: (path, why) => tellLog(path, why, 'joined tables can not be read: those of the runs are')
      })
      if (format === 'json') {
        const pieces = writeJson(reader.read(resume), { columns: plan.columns, limit, given: resume, warnings })
        return reply.type('application/json; charset=utf-8').send(Readable.from(pieces, { objectMode: false }))
      }
      const columns = await reader.findColumns()
      if (warnings.length > 0) reply.header('x-lautta-warnings', headerOf(warnings))
      const pieces = streamTable(columns, rowsOf(reader.read(null)))
      return reply.type('application/vnd.apache.parquet').send(Readable.from(pieces, { objectMode: false }))
    }
  )
}

async function planTable(
  context: AppContext,
  request: FastifyRequest,
  table: z.output<typeof tableParams>['table'],
  { orchestration, platform, since }: z.output<typeof tableQuery>
): Promise<TablePlan> {
  const caller = callerOf(request)
  const filter = { orchestration, platform, sinceMs: since === undefined ? undefined : Date.parse(since) }
  if (table !== 'tasks' && table !== 'audit') return planRuns(context, caller.user, table, filter)
  // Somebody else's order is as unknown as one that never was; of the audit administrators see all.
  const seesAll = table === 'audit' && caller.isAdmin
  if (orchestration !== undefined && !seesAll) await context.reader.read(caller.user, orchestration)
  return planDates(context, caller, table, filter)
}

async function* rowsOf(source: AsyncGenerator<EntryRows>) {
  for await (const { rows } of source) yield rows
}

/** Headers are short, and of plain letters: as many warnings as go into one, and how many more there are. */
function headerOf(warnings: readonly string[]): string {
  const told: string[] = []
  let leftBytes = mostHeaderBytes
  for (const warning of warnings) {
    const text = JSON.stringify(warning.slice(0, mostLetters)).replace(
      /[^\x20-\x7e]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
    )
    if (text.length > leftBytes) break
    leftBytes -= text.length
    told.push(text)
  }
  const more = warnings.length - told.length
  return `[${[...told, ...(more > 0 ? [`"and ${more} more"`] : [])].join(',')}]`
}
