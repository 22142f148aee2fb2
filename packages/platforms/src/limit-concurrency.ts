/** At most `most` at once; who waits is served in the sequence of coming. Answers the release function. */
export function createLimit(most: number): () => Promise<() => void> {
  const waiting: (() => void)[] = []
  let taken = 0
  const release = () => {
    const next = waiting.shift()
    if (next === undefined) taken--
    else next()
  }
  return async () => {
    if (taken < most) taken++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    let released = false
    return () => {
      if (!released) release()
      released = true
    }
  }
}
