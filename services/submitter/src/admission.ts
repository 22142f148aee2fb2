import { readDirectives } from '@lautta/core/batch-script'
import type { Scheduler, Submission } from '@lautta/platforms/scheduler'
import { createJobCount } from './job-count.ts'
import type { SessionPorts } from './session-ports.ts'
import { createSubmissionGate, type SubmissionGate } from './submission-gate.ts'

// A user who has not asked for so many intervals does not wait in line any more.
const waitIntervals = 2
const waitMarginMs = 5000

const othersFirst = 'others who wait for the same room are first'

/** On what limits of a job may lie. */
export interface Kind {
  account: string
  partition: string
  qos: string
}

/** What a submission asks for, of that. */
export function kindOf({ options, script }: Pick<Submission, 'options' | 'script'>): Kind {
  const directives = readDirectives(script)
  const chosen = (name: string): string => String(options[name] ?? directives[name] ?? '')
  return { account: chosen('account'), partition: chosen('partition'), qos: chosen('qos') }
}

/** A limit that was met by jobs of one kind. */
interface Room {
  gate: SubmissionGate
  /** SLURM's words. */
  words: string
  /** Where those stand who wait for the same room. */
  place: string
  /** Whether it is our turn in this pass; null before anybody asked. */
  isOurTurn: boolean | null
  isServed: boolean
}

/** Which submissions may go now: as many as there is room for, in turn with other users who wait for the same room. */
export function createAdmission({ user, known, line, now }: Pick<SessionPorts, 'user' | 'known' | 'line' | 'now'>) {
  const count = createJobCount(now)
  const rooms = new Map<string, Room>()
  const login = known.credentials[user]?.username ?? user
  const roomOf = (kind: Kind) => rooms.get(JSON.stringify(kind))

  const whyClosed = (kind: Kind): string | null => {
    const room = roomOf(kind)
    if (room === undefined) return null
    return room.gate.isClosed() ? room.words : room.isOurTurn === false ? othersFirst : null
  }
  const serve = (room: Room): void => {
    if (room.isServed) return
    room.isServed = true
    line.serve(room.place, user).catch(() => {})
  }

  return {
    /** A new pass begins. */
    beginRound(): void {
      for (const room of rooms.values()) {
        room.gate.beginRound()
        Object.assign(room, { isOurTurn: null, isServed: false })
      }
    },

    countListed: count.countListed,
    /** Whether a limit was met: then it matters how many jobs are there, also when none of ours is. */
    isLimited: (): boolean => rooms.size > 0,

    /** Why a job of this kind has to wait, as far as that is known without asking anybody. */
    whyClosed,

    /** One more is submitted: call what it answers with what came of it. A reason is why it has to wait. */
    async enter(kind: Kind): Promise<((isAccepted: boolean) => void) | { reason: string }> {
      const room = roomOf(kind)
      if (room === undefined) return count.begin()
      // Without Redis there are no turns, and who comes first is first.
      const waitMs = waitIntervals * known.pollSeconds * 1000 + waitMarginMs
      if (!room.gate.isClosed()) room.isOurTurn ??= await line.ask(room.place, user, waitMs).catch(() => true)
      const reason = whyClosed(kind)
      if (reason !== null) return { reason }
      const leave = room.gate.enter()
      return (isAccepted) => {
        leave(isAccepted)
        // A turn that was used is over, whatever came of it.
        serve(room)
      }
    },

    /** SLURM refused a job of this kind because there are too many, in its own words. */
    close(kind: Kind, words: string): void {
      // A limit of a group is shared by all; one of a person by those who log in as that person.
      const place = JSON.stringify([known.name, /Grp|PerAccount/.test(words) ? kind.account : { login }])
      const room = roomOf(kind) ?? {
        gate: createSubmissionGate(count, known.pollSeconds, now),
        ...{ isOurTurn: null, isServed: false, words, place }
      }
      Object.assign(room, { words, place })
      room.gate.close()
      rooms.set(JSON.stringify(kind), room)
    },

    /** Whether jobs of this kind were refused before, and a listing since showed that the user has no job there at all. */
    isWithoutJobs(kind: Kind): boolean {
      const room = roomOf(kind)
      return room !== undefined && count.wasListedAfter(room.gate.closedAtMs()) && count.total() <= 1
    }
  }
}
export type Admission = ReturnType<typeof createAdmission>

/** The scheduler; what it lists is counted against the limits. */
export function countListed(scheduler: Scheduler, admission: Admission, now: () => Date): Scheduler {
  return {
    ...scheduler,
    async listJobs() {
      const startedAtMs = now().getTime()
      const listed = await scheduler.listJobs()
      admission.countListed(listed.size, startedAtMs)
      return listed
    }
  }
}
