import { RefusedError } from '@lautta/core/errors'
import { isDeeperThan } from '@lautta/core/is-deeper-than'
import { readObject } from '@lautta/object-store/read-object'
import type { AppContext } from '../app-context.ts'

/** The JSON that the Ray job of a share left, or why there is none to show. */
export type FanOutResult = { data: unknown } | { detail: string }

// Of all shares: what does not fit is fetched as an object.
const mostBytes = 8 * 1024 * 1024
// What writes JSON calls itself for each level.
const mostLevels = 200

/** Reads what Ray jobs left at these paths, in their sequence, as long as it fits in one answer. */
export async function readResults(
  context: Pick<AppContext, 'store' | 'management'>,
  user: string,
  paths: readonly string[]
): Promise<Map<string, FanOutResult>> {
  const results = new Map<string, FanOutResult>()
  let leftBytes = mostBytes
  for (const path of paths) {
    const { result, usedBytes } = await readResult(context, user, path, leftBytes)
    results.set(path, result)
    leftBytes -= usedBytes
  }
  return results
}

async function readResult(
  { store, management }: Pick<AppContext, 'store' | 'management'>,
  user: string,
  path: string,
  leftBytes: number
): Promise<{ result: FanOutResult; usedBytes: number }> {
  const tell = (detail: string) => ({ result: { detail }, usedBytes: 0 })
  try {
    const content = await readObject(store, management.bucketOf(user, 'experiment'), path, leftBytes)
    if (content === null) return tell(`its Ray job left nothing at ${path}`)
    const data: unknown = JSON.parse(content.toString('utf8'))
    if (isDeeperThan(data, mostLevels)) return tell(`what its Ray job left at ${path} is nested deeper than ${mostLevels} levels`)
    return { result: { data }, usedBytes: content.length }
  } catch (error) {
    if (error instanceof SyntaxError) return tell(`what its Ray job left at ${path} is not JSON`)
    if (!(error instanceof RefusedError)) throw error
    if (leftBytes === mostBytes) return tell(error.message)
    return tell(`together with those before it ${path} is larger than ${mostBytes} bytes`)
  }
}
