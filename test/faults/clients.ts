import { setTimeout as pause } from 'node:timers/promises'
import { type Ask, asJson } from '../support/rest-client.ts'

/** An order, with what its client saw of it while it went on. */
export interface PostedOrder {
  readonly id: string
  isStopped: boolean
  readonly eventsBefore: string[][]
}

/** Posts an order of one short job, again until it is accepted, and under a key: it is one order all the same. */
export async function postOrder(ask: Ask, name: string): Promise<PostedOrder> {
  const script = `#!/bin/sh\n#SBATCH --mem=16M --output=/dev/null\necho "$SLURM_JOB_NAME" >>~/runs\n`
  const post = asJson({ name: 'story', platforms: { mahti: { jobs: [{ name, script }] } } })
  const headers = { ...post.headers, 'idempotency-key': name }
  const { status, text, json } = await ask('/v1/orchestrations?start=true', { ...post, headers })
  if (status !== 202) throw new Error(text)
  return { id: json.id, isStopped: false, eventsBefore: [] }
}

/** Stops an order, wherever it is by now. */
export async function stopOrder(ask: Ask, order: PostedOrder): Promise<void> {
  const { status, text } = await ask(`/v1/orchestrations/${order.id}/stop`, { method: 'POST' })
  if (status !== 202) throw new Error(text)
  order.isStopped = true
}

/** Looks at the events of some orders again and again, until it is told to end. */
export async function watchEvents(ask: Ask, orders: readonly PostedOrder[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { id, eventsBefore } of orders) {
      const { items } = (await ask(`/v1/orchestrations/${id}/events`)).json
      eventsBefore.push(items.map((event: { id: string }) => event.id))
    }
    await pause(500)
  }
}
