/** Runs whatever it is given, one after the other, whether what came before succeeded or not. */
export function createSequence(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
}

/**
 * Runs one work, one at a time. What is asked for while it runs is done once more after it, however often it was asked.
 */
export function createTurns<Result>(work: () => Promise<Result>): {
  run(): Promise<Result>
  isRunning(): boolean
  finish(): Promise<void>
} {
  let running: Promise<Result> | null = null
  let again: Promise<Result> | null = null

  const begin = (): Promise<Result> => {
    const begun = work().finally(() => {
      running = null
    })
    running = begun
    return begun
  }
  return {
    run() {
      if (running === null) return begin()
      again ??= running
        .catch(() => {})
        .then(() => {
          again = null
          return begin()
        })
      return again
    },
    isRunning: () => running !== null || again !== null,
    async finish() {
      while (running !== null || again !== null) await (again ?? running)?.catch(() => {})
    }
  }
}
