import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { isServiceCookie, serviceCookies } from './page-session.ts'

// Of RFC 9110, section 7.6.1, and what goes between two ends of a connection in practice.
const hopByHop = [
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'expect', 'http2-settings']
]
// Would concern the API as well, which has the same host, or other pages of this port.
const forHost = ['clear-site-data', 'strict-transport-security', 'alt-svc', 'public-key-pins']
const forOthers = /^access-control-/

/** The headers of a browser's request as the service gets them: nothing of ours, and its token where it wants one. */
export function requestHeaders(headers: IncomingHttpHeaders, token: string | null): Record<string, string | string[]> {
  const cookie = serviceCookies(headers.cookie)
  const dropped = new Set([...hopByHop, ...namedByConnection(headers), 'authorization', 'cookie'])
  return {
    ...keep(headers, (name) => !dropped.has(name)),
    ...(cookie === undefined ? {} : { cookie }),
    ...(token === null ? {} : { authorization: `Bearer ${token}` })
  }
}

/**
 * The headers of a service's answer as the browser gets them: none that reaches beyond the page, and no cookie of a service
 * that wants a token, because Ray answers whoever knows its token with a cookie that is the token.
 */
export function answerHeaders(headers: IncomingHttpHeaders, token: string | null): OutgoingHttpHeaders {
  const dropped = new Set([...hopByHop, ...forHost, ...namedByConnection(headers), 'set-cookie'])
  const cookies = token === null ? [headers['set-cookie'] ?? []].flat().filter(isServiceCookie) : []
  return {
    ...keep(headers, (name) => !dropped.has(name) && !forOthers.test(name)),
    ...(cookies.length === 0 ? {} : { 'set-cookie': cookies })
  }
}

function keep(headers: IncomingHttpHeaders, isKept: (name: string) => boolean): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined && isKept(name)) kept[name] = value
  return kept
}

function namedByConnection({ connection }: IncomingHttpHeaders): string[] {
  return (connection ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
}
