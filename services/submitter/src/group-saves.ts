/** A state of which everything is saved, though not each change by itself. */
export interface GroupedSaves<State> {
  /** As it was saved last. */
  saved(): State
  /** With what is not saved yet. */
  latest(): State
  /** Resolves when the state is saved; rejects, and it is forgotten, when it is not, or when what it was built on is not. */
  change(state: State): Promise<void>
  /** Resolves when all changes until now are saved. */
  settled(): Promise<void>
}

const nothing = Promise.resolve()

/** Saves a state again and again, one save at a time: what changes while one is under way is saved together by the next. */
export function groupSaves<State>(first: State, save: (state: State) => Promise<State>): GroupedSaves<State> {
  let saved = first
  let latest = first
  let underWay: Promise<void> | null = null
  let waiting: Promise<void> | null = null

  const saveAfter = async (before: Promise<void>): Promise<void> => {
    try {
      await before
    } catch (error) {
      // All of it was built on what is not saved.
      waiting = null
      latest = saved
      throw error
    }
    underWay = waiting
    waiting = null
    const state = latest
    try {
      saved = await save(state)
      if (latest === state) latest = saved
    } catch (error) {
      latest = saved
      throw error
    } finally {
      underWay = null
    }
  }

  return {
    saved: () => saved,
    latest: () => latest,
    change(state) {
      latest = state
      waiting ??= saveAfter(underWay ?? nothing)
      return waiting
    },
    settled: () => waiting ?? underWay ?? nothing
  }
}
