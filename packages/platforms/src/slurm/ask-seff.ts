import type { SeffReport } from '@lautta/core/accounting/read-seff'
import type { RemoteCommand } from '../run-command.ts'
import type { Rank } from './command-queue.ts'
import { gatherQuestions } from './gather-questions.ts'
import { isJobId } from './job-id.ts'
import { mostReportsAtOnce, seff } from './seff.ts'

// Tables are not kept waiting for it: what is told without seff differs in its last digits only.
const longestWaitMs = 60_000

/** Asks seff about jobs, those that come together at once. Where there is none, that is found out once. */
export function createSeffQuestion(
  run: <Result>(command: RemoteCommand<Result>, rank: Rank) => Promise<Result>
): (slurmJobId: string) => Promise<SeffReport | null> {
  let isThere = true
  const ask = gatherQuestions<{ id: string; sinceMs: number }, SeffReport | null>(mostReportsAtOnce, async (asked) => {
    const due = asked.filter(({ sinceMs }) => isThere && performance.now() - sinceMs < longestWaitMs)
    if (due.length === 0) return asked.map(() => null)
    const reports = await run(seff(due.map(({ id }) => id)), 'second')
    if (reports === 'none') isThere = false
    const byQuestion = new Map(due.map((one, at) => [one, reports === 'none' ? null : (reports[at] ?? null)]))
    return asked.map((one) => byQuestion.get(one) ?? null)
  })
  return async (id) => (isThere && isJobId(id) ? ask({ id, sinceMs: performance.now() }) : null)
}
