import type { Client, OrderEvent } from './client.ts'
import { bold, dim, green, print, red } from './screen.ts'

interface Order {
  state: string
  outcome: string | null
  platforms: { local: { jobs: [{ id: string; status: { stored: boolean }; 'exit-code': number | null }] } }
}

const logPauseMs = 300

/** Shows what happens to an order, and what its job prints, until all of it is stored or the user has seen enough. */
export async function watchOrder(client: Client, id: string, interrupted: AbortSignal): Promise<void> {
  const stored = new AbortController()
  const ending = AbortSignal.any([interrupted, stored.signal])
  // The log comes every other second, so the job's end is known before its last lines are here: it is shown after them.
  const late: string[] = []
  const showEvents = async (): Promise<void> => {
    try {
      for await (const event of client.follow(id, ending)) {
        if (event.to === 'finishing' || event.to === 'finished') late.push(describe(event))
        else print(describe(event))
      }
    } catch (error) {
      if (!ending.aborted) throw error
    }
  }
  const showLog = async (): Promise<void> => {
    let shown = 0
    while (!interrupted.aborted) {
      const log = await client.text(`/orchestrations/${id}/jobs/local/0/log`)
      const whole = log.slice(0, log.lastIndexOf('\n') + 1)
      for (const line of whole.slice(shown).split('\n').slice(0, -1)) print(`            ${dim('│')} ${line}`)
      shown = whole.length
      const order = await client.get<Order>(`/orchestrations/${id}`)
      const [job] = order.platforms.local.jobs
      if (order.state === 'finished' && job.status.stored) {
        const outcome = order.outcome === 'completed' ? green('completed') : red(order.outcome ?? '')
        late.push(`  ${bold('Job')} ${job.id}: ${outcome}, exit code ${job['exit-code'] ?? '–'}`)
        return stored.abort()
      }
      await new Promise((resolve) => setTimeout(resolve, logPauseMs))
    }
  }
  await Promise.all([showEvents(), showLog()])
  for (const line of late) print(line)
}

function describe({ at, from, to, reason }: OrderEvent): string {
  const time = dim(new Date(at).toTimeString().slice(0, 8))
  if (from === to) return `  ${time}  ${dim(reason ?? '')}`
  return `  ${time}  ${to === 'finished' ? bold(to) : to}${reason === null ? '' : dim(`  ${reason}`)}`
}
