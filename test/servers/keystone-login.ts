/** What Keystone takes as proof of who somebody is. */
export type Identity =
  | { readonly name: string; readonly password: string; readonly project: string }
  | { readonly applicationCredential: { readonly id: string; readonly secret: string } }

/** A token, and requests to Keystone under it. */
export interface KeystoneLogin {
  readonly token: string
  readonly userId: string
  readonly projectId: string
  readonly expiresAt: Date
  /** The body of the answer; undefined where there is none. */
  call<Answer>(method: string, path: string, body?: unknown): Promise<Answer>
  /** Ends the token before its time. */
  revoke(): Promise<void>
}

/** Tests of our own client need a login that is not its work. */
export async function logIn(authUrl: string, identity: Identity): Promise<KeystoneLogin> {
  const request = { method: 'POST', body: JSON.stringify({ auth: proof(identity) }) }
  const response = await ask(`${authUrl}/auth/tokens`, { ...request, headers: json })
  const { token: issued } = (await response.json()) as {
    token: { user: { id: string }; project: { id: string }; expires_at: string }
  }
  const token = response.headers.get('x-subject-token') ?? ''
  const headers = { ...json, 'x-auth-token': token }
  return {
    token,
    userId: issued.user.id,
    projectId: issued.project.id,
    expiresAt: new Date(issued.expires_at),
    call: async <Answer>(method: string, path: string, body?: unknown) => {
      const content = body === undefined ? {} : { body: JSON.stringify(body) }
      const text = await (await ask(authUrl + path, { method, headers, ...content })).text()
      return (text === '' ? undefined : JSON.parse(text)) as Answer
    },
    revoke: async () => {
      await ask(`${authUrl}/auth/tokens`, { method: 'DELETE', headers: { ...headers, 'x-subject-token': token } })
    }
  }
}

const json = { 'content-type': 'application/json' }

async function ask(url: string, request: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(30_000) })
  if (!response.ok) throw new Error(`${request.method} ${url}: ${response.status} ${await response.text()}`)
  return response
}

function proof(identity: Identity): unknown {
  if ('applicationCredential' in identity) {
    const { applicationCredential } = identity
    return { identity: { methods: ['application_credential'], application_credential: applicationCredential } }
  }
  const { name, password, project } = identity
  const domain = { id: 'default' }
  return {
    identity: { methods: ['password'], password: { user: { name, password, domain } } },
    scope: { project: { name: project, domain } }
  }
}
