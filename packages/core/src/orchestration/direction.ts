import { z } from 'zod'
import { complaintAboutPath, trimObjectPath } from '../object-path.ts'

/** Where one end of a transfer lies, read from a Direction's `place`. */
export type Place =
  | { kind: 'secrets' }
  | { kind: 'store'; target: 'pipeline' | 'experiment' | 'submitter' }
  | { kind: 'platform'; platform: string }
  | { kind: 'inline' }

const directionFields = z.strictObject({
  place: z.string().describe('local/submitter, storage/allas/{pipeline,experiment,submitter}, hpc/<platform> or inline'),
  path: z.string(),
  value: z
    .string()
    .default('None')
    .describe("a path into JSON, YAML or .env; the content itself when the place is inline; 'None': the whole file")
})

/**
 * The Direction of seed 000: a place, a path in it, and a value within the file (`'None'` is the whole file).
 * `allowed` names the places that make sense at this end of a transfer.
 */
export function directionSchema(allowed: readonly string[]) {
  return directionFields.superRefine((direction, context) => {
    const place = readPlace(direction.place)
    if (place === null || !allowed.includes(placeName(place))) {
      const message = `${JSON.stringify(direction.place)} is not allowed here; allowed: ${allowed.join(', ')}`
      context.addIssue({ code: 'custom', path: ['place'], message })
      return
    }
    const message = complaintAbout(place, direction.path)
    if (message !== null) context.addIssue({ code: 'custom', path: ['path'], message })
  })
}
export type Direction = z.output<typeof directionFields>

/** Reads a `place`; null when it is none. */
export function readPlace(place: string): Place | null {
  if (place === 'local/submitter') return { kind: 'secrets' }
  if (place === 'inline') return { kind: 'inline' }
  const store = /^storage\/allas\/(pipeline|experiment|submitter)$/.exec(place)
  if (store) return { kind: 'store', target: store[1] as 'pipeline' | 'experiment' | 'submitter' }
  const platform = /^hpc\/([^/]+)$/.exec(place)
  return platform?.[1] === undefined ? null : { kind: 'platform', platform: platform[1] }
}

/** A path below the user's secrets folder: seed 000's `/run/secrets/` is an alias of that folder. */
export function trimSecretPath(path: string): string {
  return trimObjectPath(path.replace(/^\/run\/secrets\//, ''))
}

function complaintAbout(place: Place, path: string): string | null {
  switch (place.kind) {
    case 'inline':
      return null
    case 'store':
      // With a slash at its end it is a folder.
      return complaintAboutPath(trimObjectPath(path).replace(/\/$/, ''))
    case 'secrets':
      return complaintAboutPath(trimSecretPath(path))
    case 'platform':
      return complaintAboutPlatformPath(path)
  }
}

/** Why a path on a platform is not acceptable, or null. Relative paths start at the home directory. */
export function complaintAboutPlatformPath(path: string): string | null {
  if (path === '' || path === 'None') return 'the path is empty'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u001f\u007f]/.test(path) ? 'the path has a control character in it' : null
}

function placeName(place: Place): string {
  switch (place.kind) {
    case 'inline':
      return 'inline'
    case 'secrets':
      return 'local/submitter'
    case 'store':
      return `storage/allas/${place.target}`
    case 'platform':
      return 'hpc/<platform>'
  }
}
