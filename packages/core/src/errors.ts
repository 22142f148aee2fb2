/**
 * The six ways in which a conversation with the outside fails. The class tells what to do next, the message is
 * written for the person who reads it, and `hint` says what that person can do.
 */
export abstract class LauttaError extends Error {
  readonly hint: string | undefined

  constructor(message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, { cause: options.cause })
    this.name = new.target.name
    this.hint = options.hint
  }
}

/** The user's mistake, told in the platform's own words: never retried. */
export class RefusedError extends LauttaError {}

/** The platform or service can't be reached now, and the request surely had no effect: tried again later. */
export class UnavailableError extends LauttaError {}

/** A Ray cluster inside a job does not answer: its Ray jobs wait, and nothing else on the platform does. */
export class ClusterSilentError extends UnavailableError {}

/** The platform's disk is full, or the user's quota there: waits until there is room. */
export class PlatformDiskError extends LauttaError {}

/** The credential is missing, expired or not accepted: waits for the user. */
export class CredentialsError extends LauttaError {
  /** Whether the host was asked and refused; else the credential itself shows that it can not serve. */
  readonly isRefusedByHost: boolean

  constructor(message: string, options: { cause?: unknown; hint?: string; isRefusedByHost?: boolean } = {}) {
    super(message, options)
    this.isRefusedByHost = options.isRefusedByHost ?? false
  }
}

/** The request was sent and its answer was lost: look before acting again. */
export class UnknownOutcomeError extends LauttaError {}

/** Why the object store failed, where it tells: trying again helps in the first case only. */
export type StorageReason = 'unavailable' | 'credentials' | 'forbidden' | 'quota' | 'damaged'

/** The object store failed: nothing that was not saved may be acted upon. */
export class StorageError extends LauttaError {
  readonly reason: StorageReason

  constructor(message: string, options: { cause?: unknown; hint?: string; reason?: StorageReason } = {}) {
    super(message, options)
    this.reason = options.reason ?? 'unavailable'
  }
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Whether the system failed with one of these codes, such as ENOENT. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
