/**
 * Reads a duration as SLURM prints it: `[days-]hours:minutes:seconds[.fraction]`, or minutes and seconds alone. Null
 * for what is no duration: UNLIMITED, INVALID, Partition_Limit, Unknown, an empty field.
 */
export function parseSlurmDuration(text: string): number | null {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text.trim())
  if (match === null) return null
  const [, days = '0', hours = '0', minutes, seconds] = match
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)
}

/**
 * Reads a time limit as `--time` takes it, in seconds: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
 * days-hours:minutes, days-hours:minutes:seconds. Null for no limit or what can't be read.
 */
export function parseTimeLimit(text: string): number | null {
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text.trim())
  if (match === null) return null
  const [days, first, second, third] = match.slice(1).map((part) => (part === undefined ? undefined : Number(part)))
  if (first === undefined) return null
  if (days !== undefined) return days * 86_400 + first * 3_600 + (second ?? 0) * 60 + (third ?? 0)
  if (third !== undefined) return first * 3_600 + (second ?? 0) * 60 + third
  return first * 60 + (second ?? 0)
}

/** A duration as SLURM prints it: `[days-]hours:minutes:seconds`. */
export function formatSlurmDuration(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const parts = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  return `${days === 0 ? '' : `${days}-`}${parts.map((part) => String(part).padStart(2, '0')).join(':')}`
}

/** Reads a time printed with SLURM_TIME_FORMAT=%s, in seconds since 1970; null for Unknown, None and the like. */
export function parseEpoch(text: string): number | null {
  return /^\d+$/.test(text.trim()) ? Number(text) : null
}

/** Seconds since 1970 as our documents write times. */
export function isoFromEpoch(epochSeconds: number | null): string | null {
  return epochSeconds === null ? null : new Date(epochSeconds * 1000).toISOString()
}
