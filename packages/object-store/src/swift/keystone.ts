import { StorageError } from '@lautta/core/errors'
import { z } from 'zod'
import type { HttpClient } from '../http/http-client.ts'
import { readWords } from './read-words.ts'

/** A user's name and password, and the project that they are to work in. */
export interface PasswordCredential {
  kind: 'password'
  userName: string
  password: string
  userDomainName: string
  projectName: string
  projectDomainName: string
}

/** What Keystone gives a token for. */
export type SwiftCredential = { kind: 'application-credential'; id: string; secret: string } | PasswordCredential

/** A token, and what came with it. */
export interface Login {
  token: string
  projectId: string
  /** Where object storage is for everybody, as the catalogue says: in one region or several. */
  endpoints: readonly { region: string; url: string }[]
  /** How long the token is good from when it was asked for: our clock need not be Keystone's. */
  lifeMs: number
}

const endpointSchema = z.object({ interface: z.string(), region: z.string().nullish(), url: z.string() })
const tokenSchema = z.object({
  token: z.object({
    issued_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    project: z.object({ id: z.string() }),
    catalog: z.array(z.object({ type: z.string(), endpoints: z.array(endpointSchema) })).default([])
  })
})

/** Logs in at Keystone v3, whose address may end in `/v3` or not. */
export async function logIn(http: HttpClient, authUrl: string, credential: SwiftCredential): Promise<Login> {
  const answer = await http.send({
    method: 'POST',
    url: new URL(`${authUrl.replace(/\/+(v3\/*)?$/, '')}/v3/auth/tokens`),
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(JSON.stringify({ auth: proofOf(credential) })),
    harmlessTwice: true
  })
  if (answer.status !== 201) throw refusalOf(answer.status, await readWords(answer), authUrl, credential)
  const body: unknown = await answer.body.json().catch(() => null)
  const token = answer.headers['x-subject-token']
  const parsed = tokenSchema.safeParse(body)
  if (token === undefined || !parsed.success) throw notKeystone(authUrl, 'an answer without a token')
  const { issued_at, expires_at, project, catalog } = parsed.data.token
  const endpoints = catalog
    .filter(({ type }) => type === 'object-store')
    .flatMap((service) => service.endpoints)
    .filter((endpoint) => endpoint.interface === 'public')
    .map(({ region, url }) => ({ region: region ?? '', url }))
  return { token, projectId: project.id, endpoints, lifeMs: Date.parse(expires_at) - Date.parse(issued_at) }
}

function proofOf(credential: SwiftCredential): object {
  if (credential.kind === 'application-credential') {
    const { id, secret } = credential
    return { identity: { methods: ['application_credential'], application_credential: { id, secret } } }
  }
  const { userName, password, userDomainName, projectName, projectDomainName } = credential
  const user = { name: userName, password, domain: { name: userDomainName } }
  return {
    identity: { methods: ['password'], password: { user } },
    scope: { project: { name: projectName, domain: { name: projectDomainName } } }
  }
}

function refusalOf(status: number, words: string, authUrl: string, credential: SwiftCredential): StorageError {
  const [, said = words] = /"message": *"((?:[^"\\]|\\.)*)"/.exec(words) ?? []
  // It answers the same for a wrong secret and for a credential that is over, so as to help nobody who guesses.
  if (status === 401 && credential.kind === 'application-credential') {
    const hint =
      'Its id or secret is wrong, or it has expired, or it was deleted, or its maker left the project: make a new application credential and put its id and secret into the configuration.'
    const message = `Keystone at ${authUrl} does not accept the application credential ${credential.id}: ${said}`
    return new StorageError(message, { reason: 'credentials', hint })
  }
  if (status === 401 && credential.kind === 'password') {
    const { userName, userDomainName, projectName } = credential
    const hint = `See that the password is right and has not expired, that the domain is "${userDomainName}", and that ${userName} is a member of ${projectName}.`
    const message = `Keystone at ${authUrl} does not let ${userName} into ${projectName}: ${said}`
    return new StorageError(message, { reason: 'credentials', hint })
  }
  if (status === 403) return new StorageError(`Keystone at ${authUrl} forbids the login: ${said}`, { reason: 'credentials' })
  if (status >= 500 || status === 429) return new StorageError(`Keystone at ${authUrl} answers ${status}: ${said}`)
  return notKeystone(authUrl, `${status} ${said}`)
}

function notKeystone(authUrl: string, said: string): StorageError {
  const hint = 'See that auth-url is the address of Keystone v3, such as https://pouta.csc.fi:5001/v3.'
  return new StorageError(`${authUrl} answers like something that is no Keystone: ${said}`, { hint })
}
