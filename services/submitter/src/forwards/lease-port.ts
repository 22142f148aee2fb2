import { hostname } from 'node:os'
import type { ForwardDocument } from '@lautta/core/documents/forward-document'
import { hasCode } from '@lautta/core/errors'
import type { ForwardAddress } from '@lautta/core/forwards/forward-status'
import { isPreamble } from '@lautta/core/forwards/preamble'
import type { ForwardSettings } from '@lautta/runtime/config-schema'
import { listenForOwner, type OwnerListener, type OwnerListenerOptions } from './owner-listener.ts'

/** A port of the configured range that is a forward's, as long as it is listened on. */
export interface LeasedPort extends Pick<OwnerListener, 'close'> {
  address: ForwardAddress
}

/** Gives forwards ports of their services' ranges. */
export interface PortLeasing {
  /** The port that it had before, if that is free, else the first that is; null when all are taken. */
  lease(forward: ForwardDocument, before: number | null, dial: OwnerListenerOptions['dial']): Promise<LeasedPort | null>
  /** The ports of a service, for people to read. */
  describeRange(service: ForwardDocument['service']): string
}

/** Ranges are shared with other submitters and with whatever else listens here: a port that is taken is passed over. */
export function createPortLeasing({ bind, address, ports }: ForwardSettings, key: Buffer, now: () => Date): PortLeasing {
  const host = address ?? (bind === '0.0.0.0' || bind === '::' ? hostname() : bind)
  return {
    async lease({ id, service }, before, dial) {
      const { first, last } = ports[service]
      const range = Array.from({ length: last - first + 1 }, (_, index) => first + index)
      const sequence = before !== null && range.includes(before) ? [before, ...range] : range
      for (const port of sequence) {
        try {
          const isOwners = (line: string): boolean => isPreamble(key, id, line, now())
          const listener = await listenForOwner({ host: bind, port, isPreamble: isOwners, dial })
          return { address: { host, port }, close: listener.close }
        } catch (error) {
          if (!hasCode(error, 'EADDRINUSE', 'EACCES')) throw error
        }
      }
      return null
    },
    describeRange(service) {
      const { first, last } = ports[service]
      return `${first}-${last}`
    }
  }
}
