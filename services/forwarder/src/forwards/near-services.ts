import { deriveKey } from '@lautta/core/derive-key'
import type { Config } from '@lautta/runtime/config'
import { createPageSessions } from '../proxy/page-session.ts'
import { createFindToken } from './find-token.ts'
import { createForwardBook, type ForwardBookOptions } from './forward-book.ts'
import { createForwardDispatchers } from './forward-dispatchers.ts'
import { createOpenForwardStream } from './open-forward-stream.ts'

/** All that speaks with services which were brought near. */
export function createNearServices({
  config,
  ...options
}: ForwardBookOptions & { config: Pick<Config, 'masterKey' | 'platforms'> }) {
  const { now } = options
  const forwards = createForwardBook(options)
  const openForwardStream = createOpenForwardStream(deriveKey(config.masterKey, 'forward streams'), now)
  return {
    forwards,
    openForwardStream,
    dispatchers: createForwardDispatchers(forwards, openForwardStream),
    sessions: createPageSessions(deriveKey(config.masterKey, 'forwarded pages'), now),
    findToken: createFindToken(options.management, config.platforms)
  }
}
