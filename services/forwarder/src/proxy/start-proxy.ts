import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { messageOf, UnavailableError } from '@lautta/core/errors'
import type { OneTimeLinks } from '@lautta/queue/one-time-links'
import type { Logger } from '@lautta/runtime/logger'
import { z } from 'zod'
import type { FindToken } from '../forwards/find-token.ts'
import type { ForwardBook } from '../forwards/forward-book.ts'
import type { ForwardDispatchers } from '../forwards/forward-dispatchers.ts'
import type { OpenForwardStream } from '../forwards/open-forward-stream.ts'
import { type ErrorPage, renderErrorPage } from './error-page.ts'
import { findPage, PageError } from './find-page.ts'
import { answerHeaders, requestHeaders } from './page-headers.ts'
import { expireServiceCookies, type PageSessions } from './page-session.ts'
import { passRequest } from './pass-request.ts'
import { passUpgrade } from './pass-upgrade.ts'

export interface ProxyOptions {
  host: string
  port: number
  forwards: Pick<ForwardBook, 'find'>
  dispatchers: Pick<ForwardDispatchers, 'dispatcherOf'>
  openForwardStream: OpenForwardStream
  findToken: FindToken
  links: Pick<OneTimeLinks, 'take'>
  sessions: PageSessions
  logger: Logger
}

/** The port on which browsers see services that were brought near; what they send is other people's, so it is no port of the API. */
export interface Proxy {
  port: number
  close(): Promise<void>
}

// A browser that is gone without a word holds its WebSockets no longer than this and some minutes.
const probeAfterMs = 30_000
const enterForm = /^\/enter\/([\w-]{1,100})$/
const linkSchema = z.object({ user: z.string(), forward: z.string() })

export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { forwards, sessions, dispatchers, openForwardStream, findToken } = options
  const server = createServer({ keepAlive: true, keepAliveInitialDelay: probeAfterMs }, (request, response) => {
    const answering = async (): Promise<void> => {
      const [, secret] = enterForm.exec(request.url ?? '') ?? []
      if (secret !== undefined) return enter(request, response, secret, options)
      const forward = await findPage(request, sessions, forwards)
      const token = await findToken(forward)
      const passedTo = { dispatcher: dispatchers.dispatcherOf(forward), headers: requestHeaders(request.headers, token) }
      await passRequest(request, response, passedTo, (answered) => {
        // The next forward in this browser has the same origin.
        return { ...answerHeaders(answered, token), 'cache-control': 'no-store' }
      })
    }
    answering().catch((error: unknown) => {
      if (response.headersSent) return void response.destroy()
      const page = toPage(error, options.logger)
      const { headers, body } = renderErrorPage(page)
      response.writeHead(page.status, headers).end(body)
    })
  })

  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    socket.on('error', () => {})
    const answering = async (): Promise<void> => {
      const forward = await findPage(request, sessions, forwards)
      const token = await findToken(forward)
      await passUpgrade(request, socket, head, await openForwardStream(forward), token)
    }
    answering().catch((error: unknown) => {
      const { status } = toPage(error, options.logger)
      const answer = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`
      socket.end(answer, () => socket.destroy())
    })
  })

  server.listen(options.port, options.host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      for (const socket of upgraded) socket.destroy()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}

/** Turns a link into a session, once; what other pages left in the browser under this origin goes. */
async function enter(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  secret: string,
  { links, sessions }: Pick<ProxyOptions, 'links' | 'sessions'>
): Promise<void> {
  // Who only looks where it leads does not use it up.
  if (method !== 'GET') throw new PageError(405, 'A link is opened by GET.', 'Open it in a browser.')
  const opens = linkSchema.nullable().parse(await links.take(secret))
  if (opens === null) {
    throw new PageError(410, 'This link was used already, or is older than a minute.', 'Ask for a new one.')
  }
  const isSecure = headers['x-forwarded-proto'] === 'https'
  response.writeHead(303, {
    location: '/',
    'set-cookie': [sessions.begin(opens, isSecure), ...expireServiceCookies(headers.cookie, isSecure)],
    'clear-site-data': '"cache", "storage"',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer'
  })
  response.end()
}

function toPage(error: unknown, logger: Logger): ErrorPage {
  if (error instanceof PageError) return error.page
  // undici tells what its connector threw, or wraps it.
  const cause = error instanceof UnavailableError ? error : error instanceof Error ? error.cause : null
  if (cause instanceof UnavailableError)
    return { status: 502, reason: `The service can not be reached: ${cause.message}.`, hint: cause.hint ?? 'Try again soon.' }
  logger.warn({ error: messageOf(error) }, 'a forwarded page could not be shown')
  return { status: 502, reason: 'The connection to the service broke.', hint: 'Try again soon.' }
}
