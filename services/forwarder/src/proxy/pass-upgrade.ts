import { once } from 'node:events'
import { type IncomingMessage, request as requestFrom } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { joinStreams } from '@lautta/runtime/join-streams'
import { answerHeaders, requestHeaders } from './page-headers.ts'

const answerMs = 60_000

/** Carries a request for another protocol (a WebSocket) to the service; when it agrees, all bytes that follow, both ways. */
export async function passUpgrade(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  service: Socket,
  token: string | null
): Promise<void> {
  // The browser went while the service was dialled.
  if (client.destroyed) return void service.destroy()
  const { upgrade = '', host = 'forward' } = request.headers
  const headers = { ...requestHeaders(request.headers, token), host, connection: 'Upgrade', upgrade }
  const { method, url: path } = request
  const asked = requestFrom({ createConnection: () => service, method, path, headers, setHost: false, timeout: answerMs })
  asked.once('timeout', () => asked.destroy(new Error('the service does not answer')))
  client.once('close', () => service.destroy())
  asked.end()
  const agreed = once(asked, 'upgrade').then(([answer, , behind]) => ({ answer, behind }))
  const declined = once(asked, 'response').then(([answer]) => ({ answer, behind: null }))
  const { answer, behind } = (await Promise.race([agreed, declined])) as { answer: IncomingMessage; behind: Buffer | null }
  agreed.catch(() => {})
  declined.catch(() => {})
  if (behind === null) {
    client.write(headOf(answer, { ...answerHeaders(answer.headers, token), connection: 'close' }))
    await pipeline(answer, client)
    // Else a browser that does not end its own direction keeps it for ever.
    return void client.destroy()
  }
  service.setTimeout(0)
  client.write(
    headOf(answer, { ...answerHeaders(answer.headers, token), connection: 'Upgrade', upgrade: answer.headers.upgrade })
  )
  client.write(behind)
  service.write(head)
  joinStreams(client, service)
}

function headOf({ statusCode, statusMessage }: IncomingMessage, headers: Record<string, unknown>): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}`))
  return `${[`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines].join('\r\n')}\r\n\r\n`
}
