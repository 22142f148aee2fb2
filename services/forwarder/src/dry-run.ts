import { UnavailableError } from '@lautta/core/errors'
import { type DryRunAnswer, dryRunAnswerSchema, type Question } from '@lautta/core/messages'
import type { Orchestration, PlatformRequest } from '@lautta/core/orchestration/dictionary'
import { venvFolderOf } from '@lautta/core/orchestration/venv-folder-of'
import type { Asker } from '@lautta/queue/ask'
import { z } from 'zod'
import { chooseJobs } from './asked-jobs.ts'
import { warningsOfLimit } from './limit-warnings.ts'
import { type ClosablePlatform, warningsFor } from './order-warnings.ts'

/** What a dry run answers: nothing of the order was stored. */
export const dryRunSchema = z.object({
  valid: z.literal(true),
  warnings: z.array(z.string()),
  platforms: z.record(
    z.string(),
    dryRunAnswerSchema.extend({
      detail: z.string().optional().describe('why the platform, or some of the jobs, could not be asked about'),
      hint: z.string().optional()
    })
  )
})
type PlatformDryRun = z.output<typeof dryRunSchema>['platforms'][string]

/** Asks each platform of an order whether it would take the jobs; one that can't be asked is told in its own entry. */
export async function dryRun(
  { asker, platforms }: { asker: Asker; platforms: readonly ClosablePlatform[] },
  user: string,
  request: Orchestration
): Promise<z.output<typeof dryRunSchema>> {
  const askOne = async (platform: string, part: PlatformRequest): Promise<PlatformDryRun> => {
    const { jobs, leftOut } = chooseJobs(part.jobs)
    try {
      const { modules } = part.configs
      const venv = venvFolderOf(part.configs)
      const question: Question = { kind: 'dry-run', user, platform, orderName: request.name, modules, venv, jobs }
      const answer = hintAtSent(part, await asker.ask(question, dryRunAnswerSchema))
      return leftOut === null ? answer : { ...answer, detail: leftOut }
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      return { jobs: [], detail: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }
    }
  }
  const answers = await Promise.all(
    Object.entries(request.platforms).map(async ([name, part]) => [name, await askOne(name, part)] as const)
  )
  const billed = answers.filter(([name]) => platforms.find((one) => one.name === name)?.kind === 'slurm')
  const ofLimit = billed.flatMap(([name, { jobs }]) => warningsOfLimit(request.limit, name, jobs))
  return { valid: true, warnings: [...warningsFor(platforms, request), ...ofLimit], platforms: Object.fromEntries(answers) }
}

/** A script that the order itself sends is not there yet, or is an older one. */
function hintAtSent({ files, jobs: requests }: PlatformRequest, { jobs }: DryRunAnswer): DryRunAnswer {
  const sent = new Set(files.send.map(({ transfer }) => transfer.target.path))
  const hint = 'the order itself would send this script first; asked about was what lies there now'
  return {
    jobs: jobs.map((job) => {
      const isSent = sent.has(requests[job.index]?.path ?? '')
      return job.accepted === false && job.hint === undefined && isSent ? { ...job, hint } : job
    })
  }
}
