import { CredentialsError, LauttaError } from '@lautta/core/errors'
import type { ProbeAnswer } from '@lautta/core/messages'
import type { Platform } from './platform.ts'
import { type ProbedStep, probeShell, stepsUntil } from './probe.ts'
import { probeRay } from './ray/probe-ray.ts'
import type { KnownPlatform } from './settings.ts'
import { connectionStepOf } from './ssh/connection-step.ts'

type Step = ProbeAnswer['steps'][number]

/**
 * Tries every step on the way to a job, over the connection that everybody uses; the first that fails is the last one
 * told. A credential that does not serve is thrown, for whoever keeps the connection; `stepsUntilFailure` makes steps of it.
 * Nothing more is asked once the signal is given.
 */
export async function probePlatform(
  platform: Platform,
  { transport, account }: Pick<KnownPlatform, 'transport' | 'account'>,
  signal: AbortSignal
): Promise<Step[]> {
  const steps = (transport === 'http' ? await probeRay(platform) : await probeWay(platform, transport)).map(told)
  for (const { step, run } of platform.scheduler.checks(account)) {
    if (steps.some(({ ok }) => !ok)) break
    signal.throwIfAborted()
    steps.push(await tryStep(step, run))
  }
  return steps
}

async function probeWay({ shell }: Platform, transport: 'ssh2' | 'local'): Promise<ProbedStep[]> {
  const probed = await probeShell(shell)
  for (const { failure } of probed) if (failure instanceof CredentialsError) throw failure
  // To this machine no way leads over a network.
  return probed.filter(({ step }) => transport !== 'local' || step === 'shell')
}

/** The steps as far as one that was thrown; null for a failure that is none of the way's own. */
export function stepsUntilFailure(error: unknown): Step[] | null {
  const isOfTheWay = error instanceof CredentialsError || connectionStepOf(error) !== null
  return isOfTheWay ? stepsUntil(error).map(told) : null
}

function told({ step, isOk, detail }: ProbedStep): Step {
  return { step, ok: isOk, detail }
}

async function tryStep(step: Step['step'], run: () => Promise<string>): Promise<Step> {
  try {
    return { step, ok: true, detail: await run() }
  } catch (error) {
    if (!(error instanceof LauttaError)) throw error
    return { step, ok: false, detail: error.hint === undefined ? error.message : `${error.message} (${error.hint})` }
  }
}
