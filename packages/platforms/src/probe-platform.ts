import { LauttaError } from '@lautta/core/errors'
import type { ProbeAnswer } from '@lautta/core/messages'
import type { Platform } from './connect-platform.ts'
import { probeShell } from './probe.ts'
import type { KnownPlatform } from './settings.ts'

type Step = ProbeAnswer['steps'][number]

/** Tries every step on the way to a job, over the connection that everybody uses; the first that fails is the last one told. */
export async function probePlatform(
  { shell, scheduler }: Platform,
  { transport, account }: Pick<KnownPlatform, 'transport' | 'account'>
): Promise<Step[]> {
  const probed = await probeShell(shell)
  const steps = probed
    // To this machine no way leads over a network.
    .filter(({ step }) => transport !== 'local' || step === 'shell')
    .map(({ step, isOk, detail }): Step => ({ step, ok: isOk, detail }))
  for (const { step, run } of scheduler.checks(account)) {
    if (steps.some(({ ok }) => !ok)) break
    steps.push(await tryStep(step, run))
  }
  return steps
}

async function tryStep(step: Step['step'], run: () => Promise<string>): Promise<Step> {
  try {
    return { step, ok: true, detail: await run() }
  } catch (error) {
    if (!(error instanceof LauttaError)) throw error
    return { step, ok: false, detail: error.hint === undefined ? error.message : `${error.message} (${error.hint})` }
  }
}
