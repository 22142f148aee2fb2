/** The newest bytes of a log, which are kept for all who follow it: `mostBytes` of them, and none from before `from`. */
export function createRecentBytes(from: number, mostBytes: number) {
  let first = from
  let bytes: Buffer = Buffer.alloc(0)

  return {
    /** Where the next bytes begin, when the log has grown to so many. */
    nextFrom: (usedBytes: number): number => Math.max(first + bytes.length, usedBytes - mostBytes),

    /** Adds bytes; what they do not go on with is forgotten. */
    add(from: number, more: Buffer): void {
      const goesOn = from === first + bytes.length
      const all = goesOn ? Buffer.concat([bytes, more]) : more
      bytes = all.subarray(-mostBytes)
      first = from + more.length - bytes.length
    },

    /** Those from a place on; none when they are not kept, or not there yet. */
    find: (place: number): Buffer => (place < first ? Buffer.alloc(0) : bytes.subarray(place - first))
  }
}
