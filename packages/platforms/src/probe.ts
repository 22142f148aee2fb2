import { CredentialsError, LauttaError, messageOf, UnavailableError } from '@lautta/core/errors'
import type { RemoteShell } from './remote-shell.ts'
import { runCommand } from './run-command.ts'
import { type ConnectionStep, connectionStepOf, connectionSteps } from './ssh/connection-step.ts'

/** One step on the way to a platform, and what was found. */
export interface ProbedStep {
  step: ConnectionStep | 'shell' | 'ray'
  isOk: boolean
  /** The words of the failure; empty when all is well. */
  detail: string
  /** What was thrown, of a step that failed. */
  failure?: unknown
}

/** Walks the way to a platform's shell over the connection that everybody uses; the first step that fails is the last one told. */
export async function probeShell(shell: RemoteShell): Promise<ProbedStep[]> {
  try {
    await runCommand(shell, { argv: ['true'], parse: requireSuccess })
    return [...connectionSteps, 'shell' as const].map(succeeded)
  } catch (error) {
    return stepsUntil(error)
  }
}

/** The steps as far as the one that failed with this error. */
export function stepsUntil(error: unknown): ProbedStep[] {
  const isCredential = error instanceof CredentialsError
  const step = connectionStepOf(error) ?? (isCredential ? 'login' : 'shell')
  const hint = error instanceof LauttaError && error.hint !== undefined ? ` (${error.hint})` : ''
  const failed: ProbedStep = { step, isOk: false, detail: `${messageOf(error)}${hint}`, failure: error }
  // A credential that shows itself that it can not serve was not carried to any host.
  if (isCredential && !error.isRefusedByHost) return [failed]
  const before = step === 'shell' ? connectionSteps : connectionSteps.slice(0, connectionSteps.indexOf(step))
  return [...before.map(succeeded), failed]
}

function requireSuccess({ exitCode, stderr }: { exitCode: number; stderr: string }): void {
  if (exitCode !== 0) throw new UnavailableError(`the command "true" ended with ${exitCode}: ${stderr.trim()}`)
}

function succeeded(step: ProbedStep['step']): ProbedStep {
  return { step, isOk: true, detail: '' }
}
