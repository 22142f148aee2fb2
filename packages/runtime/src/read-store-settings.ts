import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf } from '@lautta/core/errors'
import type { SwiftCredential, SwiftOptions } from '@lautta/object-store/swift'
import { readEnvFile } from '@lautta/object-store/swift-env-file'
import type { StoreSection, SwiftSection } from './store-schema.ts'

/** Which object store to open, with its secrets. */
export type StoreSettings =
  | { kind: 'folder'; path: string }
  | ({ kind: 'swift' } & Pick<SwiftOptions, 'authUrl' | 'credential' | 'endpoint' | 'region'>)
  | { kind: 's3'; endpoint: string; region: string; accessKeyId: string; secretAccessKey: string }

/** Paths are relative to `beside`; what is wrong is added to the complaints. */
export interface StoreContext {
  beside: string
  defaultFolder: string
  complaints: string[]
}

/** Reads the store's section, and the files that it names. */
export function readStoreSettings(section: StoreSection, context: StoreContext): StoreSettings {
  switch (section.kind) {
    case 'folder': {
      const path = section.path === undefined ? context.defaultFolder : resolve(context.beside, section.path)
      return { kind: 'folder', path }
    }
    case 's3': {
      const { endpoint, region, 'access-key-id': accessKeyId } = section
      const secretAccessKey = readSecret('secret-access-key', section, context)
      return { kind: 's3', endpoint, region, accessKeyId, secretAccessKey }
    }
    case 'swift': {
      const { endpoint, region, 'auth-url': authUrl } = section
      const credential = readCredential(section, context)
      return { kind: 'swift', authUrl, credential, ...(endpoint && { endpoint }), ...(region && { region }) }
    }
  }
}

const noCredential: SwiftCredential = { kind: 'application-credential', id: '', secret: '' }

function readCredential(section: SwiftSection, context: StoreContext): SwiftCredential {
  const { 'application-credential-id': id, 'user-name': userName, 'env-file': envFile } = section
  const ways = [id, userName, envFile].filter((way) => way !== undefined)
  if (ways.length !== 1) {
    context.complaints.push('store: give one of application-credential-id, user-name and env-file')
    return noCredential
  }
  if (id !== undefined) {
    return { kind: 'application-credential', id, secret: readSecret('application-credential-secret', section, context) }
  }
  if (envFile !== undefined) return readNotebookCredential(envFile, context)
  const { 'project-name': projectName, 'user-domain-name': userDomainName } = section
  if (projectName === undefined) context.complaints.push('store: project-name: give it with user-name')
  return {
    kind: 'password',
    userName: userName ?? '',
    password: readSecret('password', section, context),
    userDomainName,
    projectName: projectName ?? '',
    projectDomainName: section['project-domain-name'] ?? userDomainName
  }
}

function readNotebookCredential(path: string, { beside, complaints }: StoreContext): SwiftCredential {
  try {
    return readEnvFile(readFileSync(resolve(beside, path), 'utf8'))
  } catch (error) {
    complaints.push(`store: env-file: ${messageOf(error)}`)
    return noCredential
  }
}

/** A secret, or the content of the file that `<name>-file` names. */
function readSecret<Name extends string>(
  name: Name,
  section: { [Key in Name | `${Name}-file`]?: string | undefined },
  { beside, complaints }: StoreContext
): string {
  const secret = section[name]
  const path = section[`${name}-file`]
  if ((secret === undefined) === (path === undefined)) {
    complaints.push(`store: give either ${name} or ${name}-file`)
    return ''
  }
  if (path === undefined) return secret ?? ''
  try {
    const content = readFileSync(resolve(beside, path), 'utf8').trim()
    if (content === '') complaints.push(`store: ${name}-file: ${path} is empty`)
    return content
  } catch (error) {
    complaints.push(`store: ${name}-file: ${messageOf(error)}`)
    return ''
  }
}
