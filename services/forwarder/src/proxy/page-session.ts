import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Which forward a browser sees, and in whose name. */
export interface PageSession {
  user: string
  forward: string
}

const cookieName = 'lautta-page'
const sessionSeconds = 8 * 3600
// A browser sends the cookies of all ports of a host: also those of the API's own sessions. One without a name (`=lautta-x=1`)
// comes back as if its value were a name.
const ourCookies = /^\s*=?\s*lautta-/i

/** Sessions of browsers on the proxy port: each names one forward, so that a new link takes the place of the one before. */
export function createPageSessions(key: Buffer, now: () => Date) {
  const hmacOf = (claim: string): string => createHmac('sha256', key).update(claim).digest('base64url')
  return {
    /** The Set-Cookie that begins a session. */
    begin({ user, forward }: PageSession, isSecure: boolean): string {
      const claim = `${forward}.${Buffer.from(user).toString('base64url')}.${now().getTime() + sessionSeconds * 1000}`
      // Lax: a link is opened from another site, and what follows its redirect counts as coming from there.
      const attributes = ['Path=/', 'HttpOnly', 'SameSite=Lax', `Max-Age=${sessionSeconds}`, ...(isSecure ? ['Secure'] : [])]
      return [`${cookieName}=${claim}.${hmacOf(claim)}`, ...attributes].join('; ')
    },

    /** The session of a request; null without one, or when it has ended. */
    find({ cookie }: IncomingHttpHeaders): PageSession | null {
      const [value, ...more] = splitCookies(cookie).filter((one) => one.startsWith(`${cookieName}=`))
      // Of two nobody knows which one we gave.
      if (more.length > 0) return null
      const [, claim = '', forward = '', user = '', untilMs = '', hmac = ''] =
        /^(([0-9a-z]{26})\.([\w-]+)\.(\d{1,15}))\.([\w-]+)$/.exec(value?.slice(cookieName.length + 1) ?? '') ?? []
      const expected = Buffer.from(hmacOf(claim))
      const found = Buffer.from(hmac)
      if (found.length !== expected.length || !timingSafeEqual(found, expected)) return null
      if (now().getTime() >= Number(untilMs)) return null
      return { user: Buffer.from(user, 'base64url').toString('utf8'), forward }
    }
  }
}
export type PageSessions = ReturnType<typeof createPageSessions>

/** The cookies of a request that are the service's own; undefined when there are none. */
export function serviceCookies(cookie: string | undefined): string | undefined {
  return (
    splitCookies(cookie)
      .filter((one) => !ourCookies.test(one))
      .join('; ') || undefined
  )
}

/** The Set-Cookie lines by which a browser forgets the cookies that it sent, ours excepted: other services set them. */
export function expireServiceCookies(cookie: string | undefined, isSecure: boolean): string[] {
  const names = splitCookies(serviceCookies(cookie)).map((one) => one.split('=', 1)[0])
  return names.map((name) => [`${name}=`, 'Path=/', 'Max-Age=0', ...(isSecure ? ['Secure'] : [])].join('; '))
}

/** Whether a Set-Cookie of a service may go to the browser: none may stand in the place of ours. */
export function isServiceCookie(line: string): boolean {
  return !ourCookies.test(line)
}

function splitCookies(cookie: string | undefined): string[] {
  return (cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
