// Questions are gathered until none has come for a while, or the first has waited long enough.
const calmMs = 250
const longestMs = 5000

interface Waiting<Question, Answer> {
  question: Question
  sinceMs: number
  resolve(answer: Answer): void
  reject(error: unknown): void
}

/**
 * Makes one question of many: what is asked at about the same time is asked together, at most so many at once, and one
 * such question after the other. `askAll` answers in the sequence of the questions. One may count as several, by what its
 * answer is expected to weigh.
 */
export function gatherQuestions<Question, Answer>(
  mostAtOnce: number,
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  weigh: (question: Question) => number = () => 1
): (question: Question) => Promise<Answer> {
  const waiting: Waiting<Question, Answer>[] = []
  let isAsking = false
  let timer: NodeJS.Timeout | undefined

  const askWhenDue = (): void => {
    clearTimeout(timer)
    const [first] = waiting
    if (isAsking || first === undefined) return
    const leftMs = Math.min(calmMs, first.sinceMs + longestMs - performance.now())
    timer = setTimeout(() => void askSome(), waiting.length >= mostAtOnce ? 0 : leftMs)
  }

  /** So many of those that wait go together: one at least. */
  const countFirst = (): number => {
    let left = mostAtOnce
    const end = waiting.findIndex(({ question }) => {
      left -= weigh(question)
      return left < 0
    })
    return end === -1 ? waiting.length : Math.max(end, 1)
  }

  const askSome = async (): Promise<void> => {
    isAsking = true
    const some = waiting.splice(0, countFirst())
    try {
      const answers = await askAll(some.map(({ question }) => question))
      for (const [at, answer] of answers.entries()) some[at]?.resolve(answer)
    } catch (error) {
      for (const { reject } of some) reject(error)
    }
    isAsking = false
    askWhenDue()
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, sinceMs: performance.now(), resolve, reject })
      askWhenDue()
    })
}
