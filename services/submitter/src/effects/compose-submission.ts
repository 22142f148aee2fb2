import { posix } from 'node:path'
import { type Directives, readArrayDirective, readDirectives } from '@lautta/core/batch-script'
import { RefusedError } from '@lautta/core/errors'
import { cleanJobName, nameWithToken } from '@lautta/core/job/job-token'
import type { JobRequest } from '@lautta/core/orchestration/dictionary'
import { renderClusterScript } from '@lautta/platforms/cluster-script'
import { readTextFile } from '@lautta/platforms/files/read-text-file'
import type { Platform } from '@lautta/platforms/platform'
import type { Submission, SubmissionRight } from '@lautta/platforms/scheduler'
import type { KnownPlatform } from '@lautta/platforms/settings'

// SLURM's own default bound for a batch script (max_script_size).
const scriptLimitBytes = 4 * 1024 * 1024

type Options = Readonly<Record<string, string | number | true>>

/** What an order asks of one job, as far as sbatch is concerned. */
export interface AskedJob {
  request: Pick<JobRequest, 'path' | 'script' | 'ray-cluster' | 'name' | 'array' | 'options' | 'environment'>
  modules: readonly string[]
  /** The order's venv, for a Ray cluster that names none. */
  venv: string | null
  /** The order's own name, for a job that has none. */
  orderName: string
}

/** The submission of a job: its script, with the name, account and log names that it gets from us. */
export async function composeSubmission(
  asked: AskedJob,
  right: SubmissionRight,
  known: Pick<KnownPlatform, 'account' | 'preamble' | 'remoteForward'>,
  { shell }: Pick<Platform, 'shell'>
): Promise<Submission> {
  const { request, modules } = asked
  const { account } = known
  const own = knownScript(asked, known)
  const script = own ?? (await readTextFile(shell, request.path, scriptLimitBytes))
  const directives = readDirectives(script)
  refuseOtherClusters(directives)
  const name = cleanJobName(chooseName(asked, directives))
  const options: Record<string, string | number | true> = {
    ...request.options,
    ...fillName(request.options ?? {}, directives, name)
  }
  const isAccountKnown = options.account !== undefined || directives.account !== undefined
  if (account !== null && !isAccountKnown) options.account = account
  delete options['job-name']
  return {
    ...right,
    jobName: nameWithToken(name, right.token),
    script,
    workingDirectory: own === null ? posix.dirname(request.path) : null,
    modules,
    // The job's own wins over its script's; what can't be read is left to sbatch, which says what is wrong with it.
    array: request.array ?? readArrayDirective(script),
    options,
    ...(request.environment === undefined ? {} : { environment: request.environment })
  }
}

/** The script of a job as far as the order has it; null when it lies on the platform. */
export function knownScript(
  { request, venv }: Pick<AskedJob, 'venv'> & { request: Pick<JobRequest, 'script' | 'ray-cluster'> },
  { preamble, remoteForward }: Pick<KnownPlatform, 'preamble' | 'remoteForward'>
): string | null {
  const cluster = request['ray-cluster']
  if (cluster !== undefined) return renderClusterScript(cluster, { preamble, venv, remoteForward })
  return request.script ?? null
}

/** A job of another cluster would be looked for in vain; sbatch takes an abbreviation for the whole name. */
function refuseOtherClusters(directives: Directives): void {
  const named = Object.keys(directives).find((name) => name.length > 1 && 'clusters'.startsWith(name))
  if (named === undefined) return
  throw new RefusedError(`the script asks for another cluster (#SBATCH --${named}), where Lautta does not see the job`, {
    hint: 'leave that line out, and name the platform of that cluster'
  })
}

function chooseName({ request: { name, options, path }, orderName }: AskedJob, directives: Directives): string {
  const ofFile = path === 'None' ? undefined : posix.basename(path)
  const candidates = [name, options?.['job-name'], directives['job-name'], ofFile]
  return String(candidates.find((candidate) => candidate !== undefined && candidate !== true) ?? orderName)
}

/** The log's name in the user's words: `%x` would be the name with our token in it. */
function fillName(options: Options, directives: Directives, name: string): Record<string, string> {
  return Object.fromEntries(
    ['output', 'error'].flatMap((option) => {
      const pattern = options[option] ?? directives[option]
      return typeof pattern === 'string' && pattern.includes('%x') ? [[option, pattern.replaceAll('%x', name)]] : []
    })
  )
}
