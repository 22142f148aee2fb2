import { RefusedError } from '@lautta/core/errors'
import { checkMetadataName, checkMetadataValue } from '../http/metadata-checks.ts'
import { decodeHeaderText, encodeHeaderText } from './header-text.ts'

const prefix = 'x-object-meta-'
const reserved = { md5: 'lautta-md5', upload: 'lautta-upload', addedByRgw: 'static-large-object' } as const

/**
 * What the manifest of a large object keeps for us: the MD5 of the whole, which Swift does not know, and which upload
 * its segments are of, which RGW does not tell.
 */
export interface ManifestMarks {
  md5: string
  upload: string
}

/** Metadata as headers. */
export function writeMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [prefix + ownName(name), encodeHeaderText(checkMetadataValue(name, value))])
  )
}

/** A manifest's marks as headers. */
export function writeMarks({ md5, upload }: ManifestMarks): Record<string, string> {
  return { [prefix + reserved.md5]: md5, [prefix + reserved.upload]: upload }
}

/** The metadata among headers, without what is there for us. */
export function readMetadata(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([header]) => header.startsWith(prefix))
      .map(([header, value]) => [header.slice(prefix.length), decodeHeaderText(value)] as const)
      .filter(([name]) => !isReserved(name))
  )
}

/** What a manifest keeps for us, unless somebody has replaced its metadata since. */
export function readMarks(headers: Readonly<Record<string, string>>): Partial<ManifestMarks> {
  const { [prefix + reserved.md5]: md5, [prefix + reserved.upload]: upload } = headers
  return { ...(md5 !== undefined && { md5 }), ...(upload !== undefined && { upload }) }
}

function ownName(name: string): string {
  const checked = checkMetadataName(name)
  if (isReserved(checked)) throw new RefusedError(`metadata "${name}": the name is taken`)
  return checked
}

function isReserved(name: string): boolean {
  return Object.values<string>(reserved).includes(name)
}
