import { Readable } from 'node:stream'
import { StorageError } from '@lautta/core/errors'
import { encodePath } from '../http/encode-path.ts'
import type { HttpClient, StoreAnswer, StoreRequest } from '../http/http-client.ts'
import { failureOf, notSwift } from './failures.ts'
import type { Login } from './keystone.ts'
import type { TokenKeeper } from './token-keeper.ts'

/** A request about the account, a bucket of it, or an object there. */
interface AccountRequest extends Omit<StoreRequest, 'url'> {
  bucket?: string
  path?: string
  query?: Readonly<Record<string, string>>
  /** Statuses beside 2xx that tell something; all others are failures. */
  accept?: readonly number[]
}

/** A project's account at Swift. */
export interface SwiftAccount {
  /** Named in errors. */
  readonly name: string
  /** Throws what the status says, unless it is 2xx or accepted. */
  send(request: AccountRequest): Promise<StoreAnswer>
  /** The answer whatever its status, of a Swift at least. */
  ask(request: AccountRequest): Promise<StoreAnswer>
  /** The address of the account. */
  url(): Promise<string>
}

export interface AccountOptions {
  name: string
  http: HttpClient
  tokens: TokenKeeper
  /** Where the account is for who has this token. */
  locate(login: Login): string
}

/** The account that tokens are for; a request whose token is not accepted any more is sent again with a fresh one. */
export function createAccount({ name, http, tokens, locate }: AccountOptions): SwiftAccount {
  const sendWith = (login: Login, { bucket, path, query, accept: _, ...request }: AccountRequest): Promise<StoreAnswer> => {
    const parts = [bucket, path].filter((part) => part !== undefined)
    const url = new URL([locate(login), ...parts.map(encodePath)].join('/'))
    for (const [key, value] of Object.entries(query ?? {})) url.searchParams.set(key, value)
    return http.send({ ...request, url, headers: { ...request.headers, 'x-auth-token': login.token } })
  }

  const askTwice = async (request: AccountRequest): Promise<StoreAnswer> => {
    const login = await tokens.current()
    const answer = await sendWith(login, request)
    if (answer.status !== 401) return answer
    await answer.body.dump()
    return sendWith(await tokens.replace(login), request)
  }

  // Who does not accept a token may hang up in the midst of a stream, before anybody can read so.
  let suspected: Login | null = null
  const askWithStream = async (request: AccountRequest): Promise<StoreAnswer> => {
    if (suspected !== null && (await tokens.current()) === suspected) {
      // What can be sent twice finds it out for what can not.
      await (await askTwice({ method: 'HEAD', signal: request.signal })).body.dump()
      suspected = null
    }
    const login = await tokens.current()
    const answer = await sendWith(login, request).catch((error: unknown) => {
      suspected = login
      throw error
    })
    if (answer.status !== 401) return answer
    tokens.drop(login)
    await answer.body.dump()
    throw new StorageError(`${name} does not accept the token any more, and a stream can not be sent twice: try again`)
  }

  const ask = async (request: AccountRequest): Promise<StoreAnswer> => {
    const answer = await (request.body instanceof Readable ? askWithStream(request) : askTwice(request))
    if (isFromSwift(answer)) return answer
    throw await notSwift(name, answer)
  }

  return {
    name,
    ask,
    async send(request) {
      const answer = await ask(request)
      if ((answer.status >= 200 && answer.status < 300) || request.accept?.includes(answer.status)) return answer
      throw await failureOf(name, request, answer)
    },
    url: async () => locate(await tokens.current())
  }
}

/** Both servers number their answers; a load balancer before them that answers itself does so when they are away. */
function isFromSwift({ status, headers }: StoreAnswer): boolean {
  return status >= 500 || status === 429 || 'x-trans-id' in headers || 'x-openstack-request-id' in headers
}
