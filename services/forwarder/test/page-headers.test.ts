import { describe, expect, it } from 'vitest'
import { renderErrorPage } from '../src/proxy/error-page.ts'
import { answerHeaders, requestHeaders } from '../src/proxy/page-headers.ts'
import { createPageSessions, expireServiceCookies } from '../src/proxy/page-session.ts'

describe('the headers of a forwarded page', () => {
  it('reach the service without what is ours, what is for one hop, and what names itself so', () => {
    const headers = {
      host: 'near:7601',
      accept: 'text/html',
      authorization: 'Bearer of-the-browser',
      cookie: 'a=1; lautta-page=x; Lautta-Session=y; =lautta-page=z; b=2',
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
      'set-cookie': ['a=1', ' lautta-page=forged', 'LAUTTA-x=1', '=lautta-page=forged', ' = lautta-page=forged'],
      'access-control-allow-origin': '*',
      'clear-site-data': '"cookies"',
      'strict-transport-security': 'max-age=1',
      connection: 'close'
    }
    expect(answerHeaders(headers, null)).toEqual({ 'content-type': 'text/html', 'set-cookie': ['a=1'] })
  })
  it('set no cookie when the service wants a token, which that might be', () => {
    expect(answerHeaders({ 'set-cookie': ['a=1'], 'x-kept': 'yes' }, 'the-token')).toEqual({ 'x-kept': 'yes' })
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
    expect(sessions.find({ cookie: `${cookieOf(line).cookie}; lautta-page=planted` })).toBeNull()
    expect(createPageSessions(Buffer.from('another key'), () => new Date(0)).find(cookieOf(line))).toBeNull()
    nowMs = 8 * 3600 * 1000
    expect(sessions.find(cookieOf(line))).toBeNull()
  })
})

describe('the cookies that services left in a browser', () => {
  it('are forgotten by their names, ours kept', () => {
    expect(expireServiceCookies('a=1=2; lautta-page=x; b=2', false)).toEqual(['a=; Path=/; Max-Age=0', 'b=; Path=/; Max-Age=0'])
    expect(expireServiceCookies('__Host-a=1', true)).toEqual(['__Host-a=; Path=/; Max-Age=0; Secure'])
    expect(expireServiceCookies(undefined, true)).toEqual([])
  })
})

describe('an error page', () => {
  it('shows words as words', () => {
    const { body } = renderErrorPage({ status: 502, reason: '<script>alert("x")</script>', hint: "that's it" })
    expect(body).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;')
    expect(body).toContain('<h1>502 Bad Gateway</h1>')
  })
})
