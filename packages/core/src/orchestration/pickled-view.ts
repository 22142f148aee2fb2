import type { Environment } from '../documents/environment-document.ts'
import { writePickle } from '../pickle/write-pickle.ts'
import { answerOrder } from './answer.ts'
import { type KnownOrder, partsOf } from './known-order.ts'

/**
 * An order on one platform as notebooks of seed 000 read it: the answer of the API with that platform only, pickled. Their
 * models take it, and pass over the keys that they do not know.
 */
export function pickleView(known: KnownOrder, platform: string, environment: Environment | null): Buffer {
  const part = partsOf(known).get(platform)
  const status = known.statuses.get(platform)
  const { request } = known.request
  const alone = {
    ...known,
    request: { ...known.request, request: { ...request, platforms: part === undefined ? {} : { [platform]: part } } },
    statuses: new Map(status === undefined ? [] : [[platform, status]])
  }
  const answer = answerOrder(alone, new Map([[platform, environment]]))
  // As it goes over the wire: what is undefined is no key at all.
  return writePickle(JSON.parse(JSON.stringify(answer)))
}
