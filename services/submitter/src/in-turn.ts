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
 * Runs one work, one at a time. Who asks for it while it runs gets null at once, and it is done once more, however often
 * it was asked for: a work that hangs must not hold up those who ask.
 */
export function createTurns<Result>(work: () => Promise<Result>): {
  run(): Promise<Result | null>
  isRunning(): boolean
  finish(): Promise<void>
} {
  let running: Promise<Result> | null = null
  let again = false

  const runUntilQuiet = async (): Promise<Result> => {
    try {
      for (;;) {
        again = false
        const result = await work().catch((error: unknown) => {
          if (!again) throw error
          return null
        })
        if (!again && result !== null) return result
      }
    } finally {
      running = null
    }
  }
  return {
    async run() {
      again = true
      if (running !== null) return null
      running = runUntilQuiet()
      return running
    },
    isRunning: () => running !== null,
    async finish() {
      await running?.catch(() => {})
    }
  }
}
