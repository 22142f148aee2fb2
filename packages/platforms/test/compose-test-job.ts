import { randomUUID } from 'node:crypto'
import type { Submission } from '../src/scheduler.ts'

/** A submission with a token of its own. */
export function composeTestJob(script: string, options: Submission['options'] = {}): Submission {
  const token = randomUUID().replaceAll('-', '').slice(0, 20)
  return { token, try: 1, jobName: `test.${token}`, script, workingDirectory: null, modules: [], array: null, options }
}
