import type { Scheduler } from '@lautta/platforms/scheduler'
import type { SessionPorts } from './session-ports.ts'
import { createSubmissionGate, type Place } from './submission-gate.ts'

// A user who has not asked for so many intervals does not wait in line any more.
const waitIntervals = 2
const waitMarginMs = 5000

const othersFirst = 'others who wait for the same room are first'

/** Which submissions may go now: as many as there is room for, in turn with other users who wait for the same room. */
export function createAdmission({ user, known, line, now }: Pick<SessionPorts, 'user' | 'known' | 'line' | 'now'>) {
  const gate = createSubmissionGate(known.pollSeconds, now)
  const login = known.credentials[user]?.username ?? user
  let words = ''
  // Where the users stand who wait for the same room.
  let room = ''
  let turn: Promise<boolean> | null = null
  let isServed = false

  const isOurTurn = (): Promise<boolean> => {
    // Without Redis there are no turns, and who comes first is first.
    turn ??= line.ask(room, user, waitIntervals * known.pollSeconds * 1000 + waitMarginMs).catch(() => true)
    return turn
  }

  return {
    /** A new pass begins. */
    beginRound(): void {
      gate.beginRound()
      turn = null
      isServed = false
    },

    countListed: gate.countListed,
    hasJobs: gate.hasJobs,

    /** A place, or why there is none now. */
    async enter(): Promise<Place | { reason: string }> {
      if (gate.isLimited() && !(await isOurTurn())) return { reason: othersFirst }
      const place = gate.enter()
      if (place === null) return { reason: words }
      return {
        leave(isAccepted) {
          place.leave(isAccepted)
          if (!isAccepted || !gate.isLimited() || isServed) return
          isServed = true
          line.serve(room, user).catch(() => {})
        }
      }
    },

    /** The platform refused a job because there are too many, in its own words. */
    close(reason: string): void {
      gate.close()
      words = reason
      // A limit of a group is shared by all; one of a person by those who log in as that person.
      room = JSON.stringify(/Grp|PerAccount/.test(reason) ? [known.name] : [known.name, login])
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
