import { posix } from 'node:path'
import { type Directives, readDirectives } from '@lautta/core/batch-script'
import { RefusedError } from '@lautta/core/errors'
import type { JobEvent } from '@lautta/core/job/job-event'
import { cleanJobName, nameWithToken } from '@lautta/core/job/job-token'
import { readTextFile } from '@lautta/platforms/files'
import type { Submission, SubmissionRight } from '@lautta/platforms/scheduler'
import { type JobWork, type PerformEffect, tokenOf } from './job-work.ts'

// SLURM's own default bound for a batch script (max_script_size).
const scriptLimitBytes = 4 * 1024 * 1024

/** Submits the job, at most once for its attempt: see "At most one job per attempt" in ARCHITECTURE.md. */
export const submit: PerformEffect = async (work) => {
  const { job, platform } = work
  if (job.state.kind !== 'submitting') return null
  const right = { token: tokenOf(work), try: job.state.try }
  try {
    const submission = await composeSubmission(work, right)
    await work.beginTry(right.try)
    const answer = await platform.scheduler.submit(submission)
    switch (answer.kind) {
      case 'accepted': {
        const { slurmJobId, outPath, errPath } = answer
        return { type: 'submissionAccepted', slurmJobId, outPath, errPath }
      }
      case 'refused':
        return await refuse(work, right, withHint(answer.reason))
      case 'disk-full':
        return { type: 'waited', on: 'platform-disk', reason: answer.reason }
      case 'answer-lost':
        return { type: 'answerLost' } satisfies JobEvent
    }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return await refuse(work, right, error.hint === undefined ? error.message : `${error.message} (${error.hint})`)
  }
}

/**
 * What is refused now (the script is gone, a module does not load) may have been submitted before we were killed: only
 * who owns the unused right may say that there is no job.
 */
async function refuse({ platform }: JobWork, right: SubmissionRight, reason: string): Promise<JobEvent> {
  const trace = await platform.scheduler.findSubmission(right)
  if (trace.kind === 'closed') return { type: 'submissionRefused', reason }
  if (trace.kind === 'no-trace') return { type: 'answerLost' }
  const { slurmJobId, outPath, errPath } = trace
  return { type: 'submissionAccepted', slurmJobId, outPath, errPath }
}

async function composeSubmission(work: JobWork, right: SubmissionRight): Promise<Submission> {
  const { request, part, platform, known, order } = work
  const script = request.script ?? (await readTextFile(platform.shell, request.path, scriptLimitBytes))
  const directives = readDirectives(script)
  const name = cleanJobName(chooseName(work, directives))
  const options: Record<string, string | number | true> = {
    ...request.options,
    ...fillName(request.options ?? {}, directives, name)
  }
  const isAccountKnown = options.account !== undefined || directives.account !== undefined
  if (known.account !== null && !isAccountKnown) options.account = known.account
  delete options['job-name']
  return {
    ...right,
    jobName: nameWithToken(name, right.token),
    script,
    workingDirectory: request.script === undefined ? posix.dirname(request.path) : null,
    modules: part.configs.modules,
    options
  }

  function chooseName({ request: { name: own, options: given, path } }: JobWork, found: Directives): string {
    const candidates = [
      own,
      given?.['job-name'],
      found['job-name'],
      request.script === undefined ? posix.basename(path) : undefined
    ]
    return String(candidates.find((candidate) => candidate !== undefined && candidate !== true) ?? order.request.request.name)
  }
}

/** The log's name in the user's words: `%x` would be the name with our token in it. */
function fillName(
  options: Readonly<Record<string, string | number | true>>,
  directives: Directives,
  name: string
): Record<string, string> {
  return Object.fromEntries(
    ['output', 'error'].flatMap((option) => {
      const pattern = options[option] ?? directives[option]
      return typeof pattern === 'string' && pattern.includes('%x') ? [[option, pattern.replaceAll('%x', name)]] : []
    })
  )
}

const hints: readonly [RegExp, string][] = [
  [/AssocMaxSubmitJobLimit|Invalid account/i, 'is --account the project that is to be billed, and are you its member?'],
  [/invalid partition/i, 'the partitions of a platform are listed by `sinfo` there'],
  [/time limit/i, "--time is above the partition's limit"],
  [
    /node configuration is not available|More processors requested|Memory specification/i,
    'the partition has no node with that many cores or that much memory'
  ],
  [/does not look like a batch script/i, 'begin the script with #!/bin/bash']
]

/** SLURM's words, and what they mean for the user. */
function withHint(reason: string): string {
  const hint = hints.find(([words]) => words.test(reason))?.[1]
  return hint === undefined ? reason : `${reason} (${hint})`
}
