import { StorageError } from '@lautta/core/errors'

/** Whether something is wrong with the object itself, so that trying again would not help. */
export function isUnreadable(error: unknown): boolean {
  return !(error instanceof StorageError) || error.reason === 'damaged'
}
