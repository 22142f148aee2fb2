import { createLimit } from '@lautta/platforms/limit-concurrency'

/** Does a user's work when there is a place for it. */
export type InPlace = <Result>(user: string, work: () => Promise<Result>) => Promise<Result>

/**
 * Places for work that takes memory or a connection. One user never has all of them: huge logs, or a platform that does not
 * answer, may hold a place for minutes, and keep nobody else waiting.
 */
export function createPlaces(most: number, mostOfUser: number): InPlace {
  const enter = createLimit(most)
  const limits = new Map<string, ReturnType<typeof createLimit>>()
  return async (user, work) => {
    const enterOwn = limits.get(user) ?? createLimit(mostOfUser)
    limits.set(user, enterOwn)
    const leaveOwn = await enterOwn()
    const leave = await enter()
    try {
      return await work()
    } finally {
      leave()
      leaveOwn()
    }
  }
}
