import { deriveKey } from '@lautta/core/derive-key'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement, type Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { createS3Store } from '@lautta/object-store/s3'
import { createSwiftStore } from '@lautta/object-store/swift'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'

const longestWriteMs = 10_000

/** What all services share: the object store and the documents in it. */
export interface Installation {
  store: ObjectStore
  management: Management
}

/** Opens the object store of the configuration. */
export function openInstallation(config: Config, logger: Logger): Installation {
  const store = openStore(config)
  const slugs = new Map(config.users.map(({ name, slug }) => [name, slug]))
  const slugOf = (user: string): string => {
    const slug = slugs.get(user)
    if (slug === undefined) throw new Error(`${user} is no user of this installation`)
    return slug
  }
  const documentKey = deriveKey(config.masterKey, 'documents')
  // Three writes fit into a lease, and a renewal is due each third of it.
  const leasedWriteMs = Math.min(longestWriteMs, Math.floor((config.leaseSeconds * 1000) / 3))
  const onIgnored = (error: Error): void => logger.warn({ error: error.message }, 'a document was ignored')
  const management = createManagement({
    ...{ store, bucketPrefix: config.bucketPrefix, documentKey, leasedWriteMs, slugOf, onIgnored }
  })
  return { store, management }
}

function openStore({ store, masterKey }: Config): ObjectStore {
  switch (store.kind) {
    case 'folder':
      return createFolderStore(store.path)
    case 'swift': {
      const name = `Swift at ${store.endpoint ?? store.authUrl}`
      return createSwiftStore({ ...store, name, signingKey: deriveKey(masterKey, 'temporary urls') })
    }
    case 's3':
      return createS3Store(store)
  }
}
