import { createHash } from 'node:crypto'
import type { AdoptedVersion } from '@lautta/core/documents/adopted-document'
import { messageOf, UnavailableError } from '@lautta/core/errors'
import { type Absence, isTakenAway, stillAbsent } from '@lautta/core/orchestration/absence'
import { usualLimits } from '@lautta/core/pickle/limits'
import type { ListedOrder, ListedPickle } from '@lautta/object-store/list-orders'
import type { Management } from '@lautta/object-store/management'
import type { Logger } from '@lautta/runtime/logger'
import type { ReadRequest } from './read-pickled-request.ts'
import type { Found, Versions } from './versions.ts'

export interface UserAdoptionOptions {
  user: string
  management: Management
  versions: Versions
  /** Reads a pickle as a request of this user. */
  read(content: Uint8Array): ReadRequest
  now(): Date
  logger: Logger
}

interface Adopted {
  newest: AdoptedVersion | null
  /** Of the content that the newest version has; null when it is to be read again. */
  etag: string | null
  absence: Absence | undefined
}

/** Adopts the requests that a user's notebook puts into the bucket; what was adopted is kept in memory. */
export function createUserAdoption({ user, management, versions, read, now, logger }: UserAdoptionOptions) {
  const adopted = new Map<string, Adopted>()
  /** Orders of which it is not known what the store has: something failed on the way. */
  const unsure = new Set<string>()
  let isRecalled = false

  const recall = async (listed: ListedOrder): Promise<Adopted> => {
    const newest = await versions.recall(listed)
    // What could not be read may be readable by now: a platform may have been added.
    const one = { newest, etag: newest?.found === 'request' ? newest.etag : null, absence: undefined }
    adopted.set(listed.id, one)
    unsure.delete(listed.id)
    return one
  }

  const recallAll = async (): Promise<void> => {
    adopted.clear()
    for (const listed of await management.listOrders(user)) {
      if (listed.versions.length > 0) await attempt(listed.id, false, () => recall(listed))
    }
    isRecalled = true
  }

  const find = async (id: string): Promise<Adopted> => {
    const known = unsure.has(id) ? undefined : adopted.get(id)
    return known ?? recall(await management.listOrder(user, id))
  }

  const add = async (id: string, one: Adopted, found: Found): Promise<void> => {
    one.newest = await versions.add(id, one.newest, found)
    logger.info({ orchestration: id, user, version: one.newest.number, found: found.found }, 'adopted from the bucket')
  }

  /** Takes in what lies there, when it is another than before. */
  const take = async (id: string, pickle: ListedPickle): Promise<void> => {
    const one = await find(id)
    one.absence = undefined
    const wasThere = one.newest?.found !== 'nothing'
    if (wasThere && one.etag === pickle.etag) return
    const found = await examine(id, pickle)
    // Taken away since it was listed.
    if (found === null) return
    if (!isSame(one.newest, found)) await add(id, one, found)
    one.etag = pickle.etag
  }

  const examine = async (id: string, { etag, usedBytes }: ListedPickle): Promise<Found | null> => {
    const message = `the pickle has ${usedBytes} bytes, and may have ${usualLimits.mostBytes}`
    if (usedBytes > usualLimits.mostBytes) return { found: 'errors', etag, bodySha256: '', errors: [{ path: '', message }] }
    const content = await management.readPickle(user, id)
    if (content === null) return null
    const bodySha256 = createHash('sha256').update(content).digest('hex')
    const result = read(content)
    if ('errors' in result) return { found: 'errors', etag, bodySha256, ...result }
    return { found: 'request', etag, bodySha256, ...result }
  }

  const miss = async (id: string): Promise<void> => {
    const one = await find(id)
    if (one.newest === null || one.newest.found === 'nothing') return
    one.absence = stillAbsent(one.absence, now().getTime())
    if (!isTakenAway(one.absence)) return
    // A listing may miss what was put a while ago: only the object itself can tell.
    if (await management.hasPickle(user, id)) one.absence = undefined
    else if ((await management.readAdopted(user, id, one.newest.number)) !== null) await add(id, one, { found: 'nothing' })
    else throw new UnavailableError('the store does not show what was adopted either')
  }

  /** What goes wrong with one order holds up no other. */
  const attempt = async (id: string, isPosted: boolean, work: () => Promise<unknown>): Promise<void> => {
    try {
      if (!isPosted || (await management.readRequest(user, id)) === null) await work()
    } catch (error) {
      unsure.add(id)
      logger.warn({ orchestration: id, user, error: messageOf(error) }, 'not adopted yet')
    }
  }

  return {
    /** Forgets all: another forwarder may have adopted since. */
    forget(): void {
      isRecalled = false
    },

    /** Looks into the bucket once. */
    async look(): Promise<void> {
      const { pickles, posted } = await management.listPickles(user)
      if (!isRecalled) await recallAll()
      for (const [id, pickle] of pickles) await attempt(id, posted.has(id), () => take(id, pickle))
      const gone = [...new Set([...adopted.keys(), ...unsure])].filter((id) => !pickles.has(id))
      for (const id of gone) await attempt(id, posted.has(id), () => miss(id))
    }
  }
}

function isSame(newest: AdoptedVersion | null, found: Found): boolean {
  if (newest === null || newest.found === 'nothing' || found.found === 'nothing') return false
  return newest.found === found.found && newest.bodySha256 === found.bodySha256
}
