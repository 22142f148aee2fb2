import type { FilePart, FileState } from './files/file-parts.ts'

/** Reads logs where jobs left them; a path is what the scheduler told as `outPath` or `errPath`. */
export interface LogReader {
  /** How logs are at this moment: of what is not there nothing is told, and null is there and can not be read. */
  look(paths: readonly string[]): Promise<Map<string, FileState | null>>
  /** Bytes of parts in their sequence, `mostBytes` at a time; `from` counts within the part. Throws when one is cut short. */
  read(parts: readonly FilePart[], mostBytes: number): AsyncGenerator<{ part: number; from: number; bytes: Buffer }>
}
