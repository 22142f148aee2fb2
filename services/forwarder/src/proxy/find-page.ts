import type { IncomingMessage } from 'node:http'
import type { ForwardBook, KnownForward } from '../forwards/forward-book.ts'
import { Problem } from '../problem.ts'
import type { ErrorPage } from './error-page.ts'
import type { PageSessions } from './page-session.ts'

/** Why a browser gets no page. */
export class PageError extends Error {
  readonly page: ErrorPage

  constructor(status: number, reason: string, hint: string) {
    super(reason)
    this.page = { status, reason, hint }
  }
}

const askForLink = 'Ask for a new link: POST /v1/forwards/<id>/link'

/** The forward whose pages a browser asks for; throws a PageError when there is none for it. */
export async function findPage(
  request: IncomingMessage,
  sessions: Pick<PageSessions, 'find'>,
  forwards: Pick<ForwardBook, 'find'>
): Promise<KnownForward> {
  refuseOtherOrigins(request)
  const session = sessions.find(request.headers)
  if (session === null) throw new PageError(401, 'This browser has no session here, or it has ended.', askForLink)
  try {
    const forward = await forwards.find(session.user, session.forward)
    if (forward.state === 'closed')
      throw new PageError(410, `The forward is closed: ${forward.reason}.`, 'Ask for a new forward.')
    return forward
  } catch (error) {
    if (error instanceof Problem && error.status === 404)
      throw new PageError(410, 'The forward is not there any more.', askForLink)
    throw error
  }
}

/** A page of another origin may link to what is here, but neither change it nor listen to it. */
function refuseOtherOrigins({ method, headers }: IncomingMessage): void {
  const { origin, host } = headers
  const isLooking = (method === 'GET' || method === 'HEAD') && headers.upgrade === undefined
  if (isLooking || origin === undefined || hostOf(origin) === host) return
  throw new PageError(403, 'A page of another origin asked for this.', 'Open the service by a link of its own.')
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
