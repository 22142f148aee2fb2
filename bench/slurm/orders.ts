import { asJson } from '../../test/support/rest-client.ts'
import { platform, type Stage } from './stage.ts'

/** One line of an order's history, and when we saw it. */
export interface SeenEvent {
  index: number
  at: string
  to: string
  seenAtMs: number
}

/** A job as an order has it. */
export interface OrderedJob {
  script: string
  options?: Readonly<Record<string, string | number | true>>
}

/** Posts and starts an order, and answers its id. */
export async function startOrder({ ask }: Stage, jobs: readonly OrderedJob[]): Promise<string> {
  const body = { name: 'bench', platforms: { [platform]: { jobs } } }
  const { status, json, text } = await ask('/v1/orchestrations?start=true', asJson(body))
  if (status !== 202) throw new Error(text)
  return json.id
}

/** The SLURM ids of an order's jobs, without those that have none yet. */
export async function readJobIds({ ask }: Stage, id: string): Promise<string[]> {
  const { json, status, text } = await ask(`/v1/orchestrations/${id}`)
  if (status !== 200) throw new Error(text)
  const jobs: { id: string; state: string }[] = json.platforms[platform].jobs
  return jobs.map((job) => job.id).filter((one) => one !== 'None')
}

// A new submitter may first have to wait for the lease of a former one.
const longestWaitMs = 120_000

/** Follows an order as a notebook does, by server-sent events, until one is as wanted; answers all of them until then. */
export async function followOrder(
  { url, apiKey }: Stage,
  id: string,
  isWanted: (event: SeenEvent) => boolean
): Promise<SeenEvent[]> {
  const headers = { authorization: `Bearer ${apiKey}`, accept: 'text/event-stream' }
  const signal = AbortSignal.timeout(longestWaitMs)
  const response = await fetch(`${url}/v1/orchestrations/${id}/events`, { headers, signal })
  if (response.body === null) throw new Error(`no events: ${response.status}`)
  const events: SeenEvent[] = []
  let rest = ''
  // Leaving the loop ends the request.
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines.filter((one) => one.startsWith('data: {"'))) {
      const event: SeenEvent = { ...JSON.parse(line.slice('data: '.length)), seenAtMs: Date.now() }
      events.push(event)
      if (isWanted(event)) return events
      if (event.to === 'finished') throw new Error(`a job of ${id} has ended: ${line}`)
    }
  }
  throw new Error(`the events of ${id} ended`)
}
