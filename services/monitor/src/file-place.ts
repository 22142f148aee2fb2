import { createHash } from 'node:crypto'

/** Where in its file a piece of a log ends, and what tells whether the file goes on from there. */
export interface FilePlace {
  /** Bytes of the file up to the end of the piece. */
  position: number
  /** As `FileState` had them when the piece was brought. */
  inode: string | null
  modified: string | null
  sample: FileSample
  /** The file had begun anew, and SLURM had told of no restart. */
  isAnew: boolean
}

/** The last bytes of a file before a place. */
export interface FileSample {
  usedBytes: number
  sha256: string
}

/** So many bytes before a place are compared: a file that began anew is hardly ever the same there. */
export const mostSampleBytes = 4096

/** A place as the metadata of the piece that ends there. */
export function writePlace({ position, inode, modified, sample, isAnew }: FilePlace): Record<string, string> {
  return {
    'file-position': String(position),
    ...(inode === null ? {} : { 'file-inode': inode }),
    ...(modified === null ? {} : { 'file-modified': modified }),
    'file-sample': `${sample.usedBytes} ${sample.sha256}`,
    ...(isAnew ? { 'file-is-anew': 'true' } : {})
  }
}

/** Where a piece ends; one without that metadata was written by an older Lautta, and is as far in its file as in the log. */
export function readPlace(metadata: Readonly<Record<string, string>>, endInLog: number): FilePlace {
  const [sampleBytes = '0', sha256 = ''] = (metadata['file-sample'] ?? '').split(' ')
  return {
    position: Number(metadata['file-position'] ?? endInLog),
    inode: metadata['file-inode'] ?? null,
    modified: metadata['file-modified'] ?? null,
    sample: { usedBytes: Number(sampleBytes), sha256 },
    isAnew: metadata['file-is-anew'] === 'true'
  }
}

/** What is compared later. */
export function takeSample(tail: Buffer): FileSample {
  return { usedBytes: tail.length, sha256: createHash('sha256').update(tail).digest('hex') }
}

/** Whether the same bytes are there still. */
export function isSample(bytes: Buffer, { usedBytes, sha256 }: FileSample): boolean {
  return bytes.length === usedBytes && (usedBytes === 0 || takeSample(bytes).sha256 === sha256)
}
