// A file system may hang for ever while the connection lives. Longer than a checksum over the largest files takes.
const stallSeconds = 1800

/** Calls when a transfer has not moved for long; `end` is to be called when it is over. */
export function watchForStall(onStall: () => void): { progressed(): void; end(): void } {
  const timer = setTimeout(onStall, stallSeconds * 1000).unref()
  return { progressed: () => void timer.refresh(), end: () => clearTimeout(timer) }
}
