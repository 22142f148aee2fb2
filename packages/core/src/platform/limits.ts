import type { Partition } from './partition.ts'

/** That a user may bill an account, with the limits that hold there; null is no limit of its own. */
export interface Association {
  account: string
  /** Null: all of them. */
  partition: string | null
  mostSubmitted: number | null
  mostRunning: number | null
  /** The longest that one job may run. */
  mostSeconds: number | null
}

/** What may be asked of a platform's scheduler. */
export interface Limits {
  partitions: readonly Partition[]
  /** The highest index of an array's task is one less; null is not known. */
  maxArraySize: number | null
  associations: readonly Association[]
}

/** Limits as the platform told them. */
export interface DiscoveredLimits extends Limits {
  readAt: Date
}
