import { CredentialsError, type LauttaError, UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'

const leastCapSeconds = 60

/**
 * Leaves a platform in peace after a failure: pauses that double, so that a login node that is down, or that refuses
 * our key, is not asked again and again.
 */
export function createBackoff(pollSeconds: number, now: () => Date) {
  const capSeconds = Math.max(leastCapSeconds, pollSeconds * 10)
  let nextSeconds = pollSeconds
  let untilMs = 0
  let cause: LauttaError | null = null
  const isOn = (): boolean => now().getTime() < untilMs
  return {
    isOn,
    /** Throws the login that the host refused, when that began it: no question tries it again meanwhile. */
    throwRefusal(): void {
      if (isOn() && cause instanceof CredentialsError) throw cause
    },
    /** Begins the pause, when the failure is one of the platform's. */
    noteFailure(error: LauttaError): void {
      const isOfPlatform = [UnavailableError, CredentialsError, UnknownOutcomeError].some((kind) => error instanceof kind)
      // Several jobs that meet the same failure are one failure.
      if (!isOfPlatform || isOn()) return
      untilMs = now().getTime() + nextSeconds * 1000
      nextSeconds = Math.min(nextSeconds * 2, capSeconds)
      cause = error
    },
    /** The platform answers. */
    end(): void {
      untilMs = 0
      nextSeconds = pollSeconds
    }
  }
}
export type Backoff = ReturnType<typeof createBackoff>
