import { PassThrough } from 'node:stream'
import { messageOf } from '@lautta/core/errors'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { eventSchema, eventsAfter, eventsOf, type OrderEvent } from '../event-list.ts'

// Also finds what Redis did not tell, and keeps proxies from closing a silent connection.
const lookAgainMs = 10_000

/** The events of an order: a list, or a stream that goes on (SSE). */
export function eventRoutes(app: App, { reader, listen }: AppContext): void {
  app.get(
    '/orchestrations/:id/events',
    {
      schema: {
        tags: ['events'],
        summary: 'What happened to an order; as a stream with Accept: text/event-stream',
        params: z.object({ id: z.string() }),
        headers: z.looseObject({ 'last-event-id': z.string().optional() }),
        response: { 200: z.object({ items: z.array(eventSchema), next: z.null() }) }
      }
    },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { id } = request.params
      const known = await reader.read(user, id)
      if (!request.headers.accept?.includes('text/event-stream')) return { items: eventsOf(known), next: null }

      const stream = new PassThrough()
      const sent = new Set<string>()
      const write = (text: string): void => {
        // The client may have left while we were reading.
        if (stream.writable) stream.write(text)
      }
      const send = (events: readonly OrderEvent[]): void => {
        for (const event of events.filter((one) => !sent.has(one.id))) {
          sent.add(event.id)
          write(`id: ${event.id}\nevent: job\ndata: ${JSON.stringify(event)}\n\n`)
        }
      }
      const lastId = request.headers['last-event-id']
      const missed = lastId === undefined ? eventsOf(known) : eventsAfter(eventsOf(known), lastId)
      if (missed === null) write('event: resync\ndata: {}\n\n')
      send(missed ?? eventsOf(known))

      // One look at a time: a change that is told during a look is seen by the next one.
      let looking: Promise<void> = Promise.resolve()
      const look = (): void => {
        looking = looking
          .then(async () => send(eventsOf(await reader.read(user, id))))
          .catch((error: unknown) =>
            request.log.debug({ error: messageOf(error) }, 'events could not be read; looking again soon')
          )
      }
      const unlisten = listen((change) => {
        if (change.user === user && change.id === id && change.log === undefined) look()
      })
      const timer = setInterval(() => {
        write(': still here\n\n')
        look()
      }, lookAgainMs)
      const leave = (): void => {
        unlisten()
        clearInterval(timer)
        stream.end()
      }
      stream.on('error', leave)
      reply.raw.once('close', leave)
      reply.hijack()
      // Gone before we could listen for it.
      if (reply.raw.destroyed) leave()
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      reply.raw.flushHeaders()
      stream.pipe(reply.raw)
      return reply
    }
  )
}
