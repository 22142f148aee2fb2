import type { FilePart } from './files/file-parts.ts'

/** Reads logs where jobs left them; a path is what the scheduler told as `outPath` or `errPath`. */
export interface LogReader {
  /** Sizes in bytes: of what is not there there is none, and null is there and can not be read. */
  measure(paths: readonly string[]): Promise<Map<string, number | null>>
  /** Bytes of parts in their sequence, `mostBytes` at a time; `from` counts within the part. Throws when one is cut short. */
  read(parts: readonly FilePart[], mostBytes: number): AsyncGenerator<{ part: number; from: number; bytes: Buffer }>
}
