import { readDirectives } from '@lautta/core/batch-script'
import { readRayPlace } from '@lautta/platforms/ray-place'
import type { Scheduler, Submission } from '@lautta/platforms/scheduler'
import type { PlaceInLine } from '@lautta/queue/waiting-line'
import { createJobCount } from './job-count.ts'
import type { SessionPorts } from './session-ports.ts'
import { createSubmissionGate, type SubmissionGate } from './submission-gate.ts'

// A user who has not asked for so many intervals does not wait in line any more.
const waitIntervals = 2
const waitMarginMs = 5000

// While it is our turn, others leave what becomes free to us: not for ever.
const mostRefusedTurns = 3

// Others with the same login may have filled the room between the listing and the refusal.
const enoughEmptyRefusals = 4

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
  line: string
  /** Where we stand in this pass; null before anybody asked. */
  place: PlaceInLine | null
  /** How often we were refused since it became our turn before others: they wait for us. */
  refusedTurns: number
  /** How often, the last times, jobs were refused although none is there. */
  emptyRefusals: number
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
    return room.gate.isClosed() ? room.words : room.place === 'behind' ? othersFirst : null
  }
  /**
   * Whether jobs are refused again and again, and each time a listing had shown that the user has no job there at all:
   * an account is missing, or the job is too large. Where no account is named that is soon believed.
   */
  const noteEmptyRefusal = (room: Room, kind: Kind): boolean => {
    const hasNone = count.wasListedAfter(room.gate.closedAtMs()) && count.total() <= 1
    room.emptyRefusals = hasNone ? room.emptyRefusals + 1 : 0
    return room.emptyRefusals >= (kind.account === '' ? 1 : enoughEmptyRefusals)
  }
  /** A turn that was used is over; refused before others who wait, it is kept for some tries more. */
  const endTurn = (room: Room, isAccepted: boolean): void => {
    if (!isAccepted && room.place === 'first' && ++room.refusedTurns < mostRefusedTurns) return
    room.refusedTurns = 0
    line.serve(room.line, user).catch(() => {})
  }

  return {
    /** A new pass begins. */
    beginRound(): void {
      for (const room of rooms.values()) {
        room.gate.beginRound(room.refusedTurns > 0)
        room.place = null
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
      if (!room.gate.isClosed()) room.place ??= await line.ask(room.line, user, waitMs).catch(() => 'alone' as const)
      const reason = whyClosed(kind)
      if (reason !== null) return { reason }
      const leave = room.gate.enter()
      return (isAccepted) => {
        leave(isAccepted)
        endTurn(room, isAccepted)
      }
    },

    /**
     * SLURM refused a job of this kind because there are too many, in its own words: others wait until there may be room.
     * False is that more room would not help.
     */
    close(kind: Kind, words: string): boolean {
      // A limit of a group is shared by all; one of a person by those who log in as that person.
      const isOfGroup = /Grp|PerAccount/.test(words)
      const queue = JSON.stringify([known.name, isOfGroup ? kind.account : { login }])
      const before = roomOf(kind)
      if (before !== undefined && !isOfGroup && noteEmptyRefusal(before, kind)) return false
      const room = before ?? {
        gate: createSubmissionGate(count, known.pollSeconds, now),
        ...{ place: null, refusedTurns: 0, emptyRefusals: 0, words, line: queue }
      }
      Object.assign(room, { words, line: queue })
      room.gate.close()
      rooms.set(JSON.stringify(kind), room)
      return true
    }
  }
}
export type Admission = ReturnType<typeof createAdmission>

/** The scheduler; what it lists is counted against the limits. */
export function countListed(scheduler: Scheduler, admission: Admission, now: () => Date): Scheduler {
  return {
    ...scheduler,
    async listJobs(expected) {
      const startedAtMs = now().getTime()
      const listed = await scheduler.listJobs(expected)
      // A Ray job is none of SLURM's.
      const ofSlurm = [...listed].flatMap(([id, seen]) => (readRayPlace(id) === null ? [seen] : []))
      const jobs = ofSlurm.map(({ tasks }) => tasks?.reduce((sum, one) => sum + one.tasks.length, 0) ?? 1)
      // Each task of an array is a job to SLURM's limits.
      admission.countListed(
        jobs.reduce((sum, one) => sum + one, 0),
        startedAtMs
      )
      return listed
    }
  }
}
