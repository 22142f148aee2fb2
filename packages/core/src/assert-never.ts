/** Closes a switch: the compiler refuses a variant that was forgotten. */
export function assertNever(value: never): never {
  throw new Error(`unexpected variant: ${JSON.stringify(value)}`)
}
