import { deriveDocumentKey } from '@lautta/core/documents/sealed-document'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement, type Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'

/** What all services share: the object store and the documents in it. */
export interface Installation {
  store: ObjectStore
  management: Management
}

/** Opens the object store of the configuration. */
export function openInstallation(config: Config, logger: Logger): Installation {
  const store = createFolderStore(config.store.path)
  const slugs = new Map(config.users.map(({ name, slug }) => [name, slug]))
  const slugOf = (user: string): string => {
    const slug = slugs.get(user)
    if (slug === undefined) throw new Error(`${user} is no user of this installation`)
    return slug
  }
  const documentKey = deriveDocumentKey(config.masterKey)
  const onUntrusted = (error: Error): void => logger.warn({ error: error.message }, 'a document was ignored')
  const management = createManagement({ store, bucketPrefix: config.bucketPrefix, documentKey, slugOf, onUntrusted })
  return { store, management }
}
