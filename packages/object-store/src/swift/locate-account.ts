import { StorageError } from '@lautta/core/errors'
import type { Login } from './keystone.ts'

/** Where Swift is, if not where the catalogue says. */
export interface Place {
  name: string
  endpoint?: string | undefined
  region?: string | undefined
}

/** The address of the account that a login is for. */
export function locateAccount({ projectId, endpoints }: Login, { name, endpoint, region }: Place): string {
  if (endpoint !== undefined) {
    const given = endpoint.replace(/\/+$/, '')
    return /\/AUTH_[^/]*$/.test(given) ? given : `${given}/AUTH_${projectId}`
  }
  const found = endpoints.find((one) => region === undefined || one.region === region)
  if (found !== undefined) return found.url.replace(/\/+$/, '')
  const others = endpoints.map((one) => one.region).join(', ')
  const hint =
    others === ''
      ? 'See that the project has object storage, or give its endpoint.'
      : `Object storage is in these regions: ${others}.`
  throw new StorageError(`${name}: Keystone's catalogue has no object store${region === undefined ? '' : ` in ${region}`}`, {
    reason: 'forbidden',
    hint
  })
}
