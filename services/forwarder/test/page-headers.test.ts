import { describe, expect, it } from 'vitest'
import { renderErrorPage } from '../src/proxy/error-page.ts'
import { answerHeaders, requestHeaders } from '../src/proxy/page-headers.ts'
import { createPageSessions } from '../src/proxy/page-session.ts'

describe('the headers of a forwarded page', () => {
  it('reach the service without what is ours, what is for one hop, and what names itself so', () => {
    const headers = {
      host: 'near:7601',
      accept: 'text/html',
      authorization: 'Bearer of-the-browser',
      cookie: 'a=1; lautta-page=x; Lautta-Session=y; b=2',
      connection: 'keep-alive, X-Hop',
      'x-hop': '1',
      'transfer-encoding': 'chunked',
      te: 'trailers'
    }
    expect(requestHeaders(headers, null)).toEqual({ host: 'near:7601', accept: 'text/html', cookie: 'a=1; b=2' })
    expect(requestHeaders({ cookie: 'lautta-page=x' }, 'the-token')).toEqual({ authorization: 'Bearer the-token' })
  })
  it('reach the browser without what would concern more than the page', () => {
    const headers = {
      'content-type': 'text/html',
      'set-cookie': ['a=1', ' lautta-page=forged', 'LAUTTA-x=1'],
      'access-control-allow-origin': '*',
      'clear-site-data': '"cookies"',
      'strict-transport-security': 'max-age=1',
      connection: 'close'
    }
    expect(answerHeaders(headers)).toEqual({ 'content-type': 'text/html', 'set-cookie': ['a=1'] })
  })
})

describe('the session of a forwarded page', () => {
  let nowMs = 0
  const session = { user: 'user@example.com', forward: '01m7z2040erhmdm6kqnbfekstk' }
  const sessions = createPageSessions(Buffer.from('a key'), () => new Date(nowMs))
  const cookieOf = (line: string) => ({ cookie: line.split(';')[0] ?? '' })

  it('is one user’s and one forward’s, for some hours', () => {
    const line = sessions.begin(session, true)
    expect(line).toMatch(/; HttpOnly; SameSite=Lax; Max-Age=28800; Secure$/)
    expect(sessions.find(cookieOf(line))).toEqual(session)
    expect(sessions.find({ cookie: line.replace('01m7z', '01m7y') })).toBeNull()
    expect(createPageSessions(Buffer.from('another key'), () => new Date(0)).find(cookieOf(line))).toBeNull()
    nowMs = 8 * 3600 * 1000
    expect(sessions.find(cookieOf(line))).toBeNull()
  })
})

describe('an error page', () => {
  it('shows words as words', () => {
    const { body } = renderErrorPage({ status: 502, reason: '<script>alert("x")</script>', hint: "that's it" })
    expect(body).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;')
    expect(body).toContain('<h1>502 Bad Gateway</h1>')
  })
})
