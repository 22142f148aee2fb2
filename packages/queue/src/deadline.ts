import { messageOf, UnavailableError } from '@lautta/core/errors'

/**
 * Redis within a time limit. A queue whose Redis was never up does not answer at all, so every question to it has an
 * end of its own.
 */
export async function withinDeadline<Result>(work: Promise<Result>, ms = 5000): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } catch (cause) {
    throw new UnavailableError(`Redis: ${messageOf(cause)}`, { cause })
  } finally {
    clearTimeout(timer)
  }
}
