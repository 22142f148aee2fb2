import { CredentialsError, LauttaError, messageOf } from '@lautta/core/errors'
import type { Platform } from '../platform.ts'
import type { ProbedStep } from '../probe.ts'
import { connectionStepOf } from '../ssh/connection-step.ts'

type Step = ProbedStep['step']

// There is no host key: who wants to be sure of the dashboard gives it https.
const way: readonly Step[] = ['name', 'tcp', 'login']

/** Walks the way to a dashboard; the first step that fails is the last one told. */
export async function probeRay({ reach }: Pick<Platform, 'reach'>): Promise<ProbedStep[]> {
  try {
    await reach()
    return way.map(succeeded)
  } catch (error) {
    if (!(error instanceof LauttaError)) throw error
    const step: Step = connectionStepOf(error) ?? 'ray'
    const detail = error.hint === undefined ? messageOf(error) : `${messageOf(error)} (${error.hint})`
    const failed = { step, isOk: false, detail, failure: error }
    // A token that can not be read was not carried to anybody.
    if (error instanceof CredentialsError && !error.isRefusedByHost) return [failed]
    // What does not answer as Ray does has not judged our token either.
    const before = way.slice(0, way.indexOf(step === 'ray' ? 'login' : step))
    return [...before.map(succeeded), failed]
  }
}

function succeeded(step: Step): ProbedStep {
  return { step, isOk: true, detail: '' }
}
