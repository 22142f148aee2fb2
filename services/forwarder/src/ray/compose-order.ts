import { complaintsOf } from '@lautta/core/orchestration/complaints'
import type { JobRequest, Orchestration } from '@lautta/core/orchestration/dictionary'
import type { AppContext } from '../app-context.ts'
import type { Caller } from '../authenticate.ts'
import { refuseOthersPlatforms } from '../offered-platforms.ts'
import { orchestrationFor } from '../orchestration-for.ts'
import { Problem } from '../problem.ts'

/** As much of a job as matters where nothing is sent to a batch system by it. */
type ComposedJob = Partial<Pick<JobRequest, 'name' | 'ray' | 'ray-cluster' | 'needs'>>

/** An order of these jobs, which has to be one that its user could have posted. */
export function composeOrder(
  { platforms: known }: Pick<AppContext, 'platforms'>,
  caller: Caller,
  name: string,
  jobs: ReadonlyMap<string, readonly ComposedJob[]>
): Orchestration {
  const platforms = Object.fromEntries([...jobs].map(([platform, some]) => [platform, { jobs: some }]))
  const parsed = orchestrationFor(known).safeParse({ name, platforms })
  if (!parsed.success) throw new Problem(400, 'the order that follows from it is wrong', { errors: complaintsOf(parsed.error) })
  refuseOthersPlatforms(known, parsed.data, caller)
  return parsed.data
}
