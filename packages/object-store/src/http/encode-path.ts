/** An object path in a URL: its slashes stay, all else that RFC 3986 does not leave alone is escaped. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeStrictly).join('/')
}

/** A text in a URL: encodeURIComponent leaves five characters that a signature must have escaped. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}
