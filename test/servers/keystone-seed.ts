import { type KeystoneLogin, logIn } from './keystone-login.ts'

/** The name of the project that the tests' buckets belong to. */
export const projectName = 'project_2001234'

/** Where all services are. */
export const region = 'regionOne'

/** By whom Keystone is set up, and whom the object stores are to Keystone; their passwords are no secret. */
export const administrator = { name: 'admin', password: 'admin-password', project: 'admin' }
export const storeService = { name: 'store', password: 'store-password', project: 'service' }

/** A member may write, a reader may not. */
export const member = { name: 'maija', password: 'maija-password' }
export const reader = { name: 'reijo', password: 'reijo-password' }

/** What only Keystone knows, because it made it. */
export interface KeystoneSeed {
  readonly projectId: string
  readonly applicationCredential: { readonly id: string; readonly secret: string }
  readonly ec2: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Fills a bootstrapped Keystone: a project with its people, and the object store as a service. */
export async function seedKeystone(authUrl: string): Promise<KeystoneSeed> {
  const admin = await logIn(authUrl, administrator)
  const projectId = await create(admin, 'project', { name: projectName, domain_id: 'default' })
  const serviceId = await create(admin, 'project', { name: storeService.project, domain_id: 'default' })
  await addUser(admin, member, projectId, 'member')
  await addUser(admin, reader, projectId, 'reader')
  await addUser(admin, storeService, serviceId, 'admin')
  await makeCatalogue(admin)
  const login = await logIn(authUrl, { ...member, project: projectName })
  const keys = `/users/${login.userId}/credentials/OS-EC2`
  const { credential } = await login.call<{ credential: { access: string; secret: string } }>('POST', keys, {
    tenant_id: projectId
  })
  return {
    projectId,
    applicationCredential: await makeApplicationCredential(login, {}),
    ec2: { accessKeyId: credential.access, secretAccessKey: credential.secret }
  }
}

/** A credential that may do in the project what its maker may. */
export async function makeApplicationCredential(
  login: KeystoneLogin,
  { expiresAt }: { expiresAt?: string }
): Promise<{ id: string; secret: string }> {
  const wanted = { name: crypto.randomUUID(), ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) }
  const path = `/users/${login.userId}/application_credentials`
  type Answer = { application_credential: { id: string; secret: string } }
  const { application_credential: made } = await login.call<Answer>('POST', path, { application_credential: wanted })
  return { id: made.id, secret: made.secret }
}

/** Whoever logs in next is told that the object store is there. */
export async function setStoreEndpoint(admin: KeystoneLogin, url: string): Promise<void> {
  const { services } = await admin.call<{ services: { id: string }[] }>('GET', '/services?type=object-store')
  const path = `/endpoints?service_id=${services[0]?.id}`
  const { endpoints } = await admin.call<{ endpoints: { id: string }[] }>('GET', path)
  for (const { id } of endpoints) await admin.call('PATCH', `/endpoints/${id}`, { endpoint: { url } })
}

async function makeCatalogue(admin: KeystoneLogin): Promise<void> {
  const service = await create(admin, 'service', { name: 'store', type: 'object-store' })
  const url = 'http://127.0.0.1:9/nowhere'
  await create(admin, 'endpoint', { interface: 'public', region_id: region, service_id: service, url })
}

interface Person {
  readonly name: string
  readonly password: string
}

async function addUser(admin: KeystoneLogin, { name, password }: Person, projectId: string, role: string) {
  const id = await create(admin, 'user', { name, password, domain_id: 'default' })
  const { roles } = await admin.call<{ roles: { id: string }[] }>('GET', `/roles?name=${role}`)
  await admin.call('PUT', `/projects/${projectId}/users/${id}/roles/${roles[0]?.id}`)
}

async function create(admin: KeystoneLogin, kind: string, value: unknown): Promise<string> {
  const answer = await admin.call<Record<string, { id: string }>>('POST', `/${kind}s`, { [kind]: value })
  return answer[kind]?.id ?? ''
}
