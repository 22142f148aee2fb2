/**
 * The world of the protocol model: everything that takes time is a step, and a driver decides which step comes next.
 * Remote steps (a PUT on its way, a command on a login node) go on when the process that asked has died; only the
 * reply dies with it.
 */
export interface World {
  nowMs: number
  random: Random
  steps: Step[]
  /** Nothing fails any more. */
  isCalm: boolean
}

export interface Step {
  /** Whose reply it is; null for what happens elsewhere. */
  process: Process | null
  notBeforeMs: number
  take(): void
}

/** A submitter process. */
export interface Process {
  hasCrashed: boolean
  /** Stopped (SIGSTOP): takes no reply and renews no lease. */
  isPaused: boolean
}

type Random = {
  below(bound: number): number
  isTrue(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
}

/** Chance that is the same for the same seed. */
function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return { below, isTrue: (probability) => next() < probability, pick: (items) => items[below(items.length)]! }
}

export function createWorld(seed: number): World {
  return { nowMs: Date.parse('2026-11-20T12:00:00Z'), random: createRandom(seed), steps: [], isCalm: false }
}

const longestDelayMs = 60_000

/** Waits until the driver takes this step. What happens elsewhere is sometimes slow: longer than a lease, or sbatch. */
export function step(world: World, process: Process | null = null): Promise<void> {
  const isSlow = process === null && !world.isCalm && world.random.isTrue(0.35)
  const notBeforeMs = isSlow ? world.nowMs + world.random.below(longestDelayMs) : 0
  return new Promise((resolve) => {
    world.steps.push({ process, notBeforeMs, take: resolve })
  })
}

/** A question to the outside: its remote part, and then the reply, which only a living process gets. */
export async function ask<Result>(world: World, process: Process, remote: () => Promise<Result>): Promise<Result> {
  if (process.hasCrashed) return new Promise(() => {})
  const outcome = await remote().then(
    (value) => ({ value }),
    (error: unknown) => ({ error })
  )
  await step(world, process)
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

/** Steps that can be taken now. */
export function openSteps(world: World): Step[] {
  return world.steps.filter(({ process, notBeforeMs }) => {
    if (process === null) return world.isCalm || notBeforeMs <= world.nowMs
    return !(process.hasCrashed || process.isPaused)
  })
}

/** Takes a step, and lets everything that follows from it happen. */
export async function take(world: World, chosen: Step): Promise<void> {
  world.steps.splice(world.steps.indexOf(chosen), 1)
  chosen.take()
  await settle()
}

/** Lets all promises that can go on do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
