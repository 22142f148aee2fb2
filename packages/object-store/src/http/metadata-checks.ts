import { RefusedError } from '@lautta/core/errors'

/** The name as a header can carry it: without a case, and with the hyphen for which RGW and Swift take `_`. */
export function checkMetadataName(name: string): string {
  const lower = name.toLowerCase().replaceAll('_', '-')
  if (!/^[a-z0-9!#$&'*+.^`|~-]+$/.test(lower))
    throw new RefusedError(`metadata "${name}": a name has ASCII letters and digits only`)
  return lower
}

/** The value, if a header can carry it, encoded somehow. */
export function checkMetadataValue(name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(value))
    throw new RefusedError(`metadata "${name}": its value has a line break or another control character in it`)
  return value
}
