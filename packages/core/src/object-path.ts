/**
 * Why an object path is not acceptable, or null. A leading slash is dropped before (seed 000 writes it); empty, `.`
 * and `..` segments are refused, because a folder or a proxy would read them as another place.
 */
export function complaintAboutPath(path: string): string | null {
  if (path === '') return 'the path is empty'
  if (Buffer.byteLength(path) > 1024) return 'the path is longer than 1,024 bytes'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'the path has a control character in it'
  if (/\p{Surrogate}/u.test(path)) return 'the path has half a character in it'
  const segment = path.split('/').find((part) => part === '' || part === '.' || part === '..')
  if (segment === undefined) return null
  return segment === '' ? 'the path has an empty segment (two slashes, or one at its end)' : `the path has a segment "${segment}"`
}

/** Why the beginning of object paths is not acceptable, or null: its folders are as in a path, what follows is any text. */
export function complaintAboutPrefix(prefix: string): string | null {
  const folders = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  return folders === '' ? null : complaintAboutPath(folders.slice(0, -1))
}

/** The path as it is stored: without its leading slash. */
export function trimObjectPath(path: string): string {
  return path.startsWith('/') ? path.slice(1) : path
}
