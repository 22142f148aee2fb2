import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { Platform } from '@lautta/platforms/platform'
import type { KnownPlatform } from '@lautta/platforms/settings'
import type { Changes } from '@lautta/queue/changes'
import type { Lease } from '@lautta/queue/leases'
import type { Queues } from '@lautta/queue/queues'
import type { WaitingLine } from '@lautta/queue/waiting-line'
import type { Logger } from '@lautta/runtime/logger'
import type { KnownForwards } from './forwards/known-forwards.ts'
import type { PortLeasing } from './forwards/lease-port.ts'
import type { OrderDirectory } from './order-directory.ts'

/** All that a session of one user on one platform needs of the world. */
export interface SessionPorts {
  user: string
  known: KnownPlatform
  store: ObjectStore
  management: Management
  directory: OrderDirectory
  /** The user's own folder of secrets. */
  secretsFolder: string
  /** The lease of this user and platform, or null when another process holds it. */
  acquireLease(floor: number): Promise<Lease | null>
  /** Opens the platform in the user's name. */
  connect(): Promise<Platform>
  changes: Pick<Changes, 'take' | 'remember' | 'tell'>
  queues: Pick<Queues, 'setClock' | 'askToCollect' | 'nudgeReconcile'>
  /** Users who wait for the same room on a platform. */
  line: WaitingLine
  /** What users asked to be brought near, and the ports for it. */
  forwards: ForwardPorts
  /** Why nothing new is begun on the platform for the user; null when it may be. */
  findPause(): Promise<string | null>
  /** Whether all orders are written as pickled views, not only the adopted ones. */
  pickleViews: boolean
  now(): Date
  logger: Logger
}

/** What sessions need of the world for forwards. */
export type ForwardPorts = KnownForwards & PortLeasing

/** The lease went to somebody else, or will end too soon for a write: what we know may be old. */
export class LeaseLostError extends Error {
  /** The lowest fence with which we may come back. */
  readonly floor: number

  constructor(message: string, floor = 0) {
    super(message)
    this.floor = floor
  }
}

/** The order was loaded anew since: what is known here is old, and nothing may be saved of it. */
export class OutdatedOrderError extends Error {}
