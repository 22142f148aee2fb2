import type { JobEvent } from '@lautta/core/job/job-event'
import { venvFolderOf } from '@lautta/core/orchestration/venv-folder-of'
import { askForVenv, type VenvAnswer } from '@lautta/platforms/ask-for-venv'
import { runCommand } from '@lautta/platforms/run-command'
import type { JobWork } from './job-work.ts'

// Between two questions about a build that is under way, and before one that could not go on is begun anew.
const firstPauseMs = 2000
const longestPauseMs = 10_000
const firstStuckPauseMs = 60_000
const longestStuckPauseMs = 10 * 60_000

/** Until when nobody asks for a venv again, and what its jobs are told meanwhile. */
interface Rest {
  kind: 'rest'
  askAgainAtMs: number
  pauseMs: number
  build: number | null
  /** Why it could not be built the last time, while that may still be so. */
  stuck: { event: JobEvent; pauseMs: number } | null
}

type Ready = Extract<VenvAnswer, { kind: 'ready' }>

/** What of the work the venv needs. */
type VenvWork = Pick<JobWork, 'part' | 'known' | 'platform' | 'notice'>

/** The build for which an attempt waits, as far as it was told. */
export interface AwaitedBuild {
  number: number | null
}

/**
 * Sees to it that the virtual environment is there that an order names. Of many orders that name the same one, one asks at
 * a time, and more and more seldom; nothing is held meanwhile.
 */
export function createPrepareVenv(now: () => Date) {
  const rests = new Map<string, Rest>()
  const looking = new Map<string, Promise<Ready | Rest>>()

  const look = async (key: string, ask: () => Promise<VenvAnswer>): Promise<Ready | Rest> => {
    const last = rests.get(key)
    if (last !== undefined && now().getTime() < last.askAgainAtMs) return last
    rests.delete(key)
    const answer = await ask()
    if (answer.kind === 'ready') return answer
    const rest = restAfter(answer, last, now().getTime())
    rests.set(key, rest)
    return rest
  }
  const lookTogether = (key: string, ask: () => Promise<VenvAnswer>): Promise<Ready | Rest> => {
    const found = looking.get(key) ?? look(key, ask).finally(() => looking.delete(key))
    looking.set(key, found)
    return found
  }

  /** Answers null when the venv is there. */
  return async ({ part, known, platform, notice }: VenvWork, awaited: AwaitedBuild): Promise<JobEvent | null> => {
    const { venv } = part.configs
    const folder = venvFolderOf({ venv })
    if (folder === null) return null
    const key = JSON.stringify([folder, venv.modules, venv.packages])
    const environment = { preamble: known.preamble, modules: venv.modules }
    const command = askForVenv({ folder, packages: venv.packages }, environment, awaited.number)
    const found = await lookTogether(key, () => runCommand(platform.shell, command))
    if (found.kind === 'rest') return wait(found)
    if (found.python !== null) await notice(`the venv ${folder} was built with ${found.python}`)
    return null

    async function wait({ build, stuck }: Rest): Promise<JobEvent> {
      const isNews = build !== null && awaited.number === null && stuck === null
      awaited.number = build
      if (isNews) await notice(`the venv ${folder} is being built`)
      // As long as it may be stuck, that is what its jobs are told: not with each build that they go on, and wait again.
      return stuck?.event ?? { type: 'preparationGoesOn' }
    }
  }
}

function restAfter(answer: Exclude<VenvAnswer, Ready>, last: Rest | undefined, nowMs: number): Rest {
  if (answer.kind === 'building') {
    const pauseMs = last === undefined ? firstPauseMs : Math.min(2 * last.pauseMs, longestPauseMs)
    return { kind: 'rest', askAgainAtMs: nowMs + pauseMs, pauseMs, build: answer.build, stuck: last?.stuck ?? null }
  }
  const before = last?.stuck ?? null
  const pauseMs = before === null ? firstStuckPauseMs : Math.min(2 * before.pauseMs, longestStuckPauseMs)
  const event: JobEvent = { type: 'waited', on: answer.on, reason: answer.reason }
  return { kind: 'rest', askAgainAtMs: nowMs + pauseMs, pauseMs: firstPauseMs, build: null, stuck: { event, pauseMs } }
}
