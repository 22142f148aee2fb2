import type { SwiftAccount } from './account.ts'

/** Makes the buckets that are needed. */
export interface Buckets {
  /** What it made or found once is taken to be there. */
  ensure(bucket: string): Promise<void>
  /** It turned out to be gone. */
  forget(bucket: string): void
}

export function createBuckets(account: SwiftAccount): Buckets {
  const known = new Set<string>()
  return {
    async ensure(bucket) {
      if (known.has(bucket)) return
      // Of one that is there, nothing is changed.
      const answer = await account.send({ method: 'PUT', bucket })
      await answer.body.dump()
      known.add(bucket)
    },
    forget: (bucket) => void known.delete(bucket)
  }
}
