/** The steps of a connection, in their sequence: the name's look-up, TCP, the host's key, the login. */
export const connectionSteps = ['name', 'tcp', 'host-key', 'login'] as const
export type ConnectionStep = (typeof connectionSteps)[number]

/** The error with the step at which the connection failed. */
export function connectionError<Failure extends Error>(step: ConnectionStep, failure: Failure): Failure {
  return Object.assign(failure, { connectionStep: step })
}

/** The step at which a connection failed; null when the error is about something else. */
export function connectionStepOf(error: unknown): ConnectionStep | null {
  if (!(error instanceof Error) || !('connectionStep' in error)) return null
  return connectionSteps.find((step) => step === error.connectionStep) ?? null
}
