/** A place where several wait for the same thing to happen. */
export function createWaiting() {
  const waiting = new Set<() => void>()

  return {
    /** Lets go all who wait now. */
    wake(): void {
      for (const goOn of [...waiting]) goOn()
    },

    /** Waits until it happens, the time is over (null: never), or the signal says that nobody waits any more. */
    wait({ ms, signal }: { ms: number | null; signal: AbortSignal }): Promise<void> {
      return new Promise((resolve) => {
        const goOn = (): void => {
          clearTimeout(timer)
          waiting.delete(goOn)
          signal.removeEventListener('abort', goOn)
          resolve()
        }
        const timer = ms === null ? undefined : setTimeout(goOn, ms)
        waiting.add(goOn)
        signal.addEventListener('abort', goOn)
        if (signal.aborted) goOn()
      })
    }
  }
}
