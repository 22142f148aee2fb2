const powers = ['', 'K', 'M', 'G', 'T', 'P']

/** Reads a size as sacct prints it, in bytes: `10824K`, `1.5G`, `0`. SLURM's units are powers of 1024. */
export function parseSlurmBytes(text: string): number | null {
  return parseScaled(text.trim(), 1024)
}

/** Reads ReqMem, which is of the whole job, but in versions before 21.08 of one node (`4Gn`) or CPU (`2Gc`). */
export function parseRequestedMemory(text: string, nodes: number | null, cpus: number | null): number | null {
  const each = /n$/i.test(text) ? nodes : /c$/i.test(text) ? cpus : 1
  const bytes = parseSlurmBytes(text.replace(/[nc]$/i, ''))
  return bytes === null || each === null ? null : bytes * each
}

/** Reads a count as sacct prints it. SLURM shortens counts of nodes, cores and pages as it does sizes: `2K` is 2048. */
export function parseSlurmCount(text: string): number | null {
  return parseScaled(text.trim(), 1024)
}

/** Reads AveCPUFreq in kHz, which sacct counts in: `665.33K` is 665, `2.60G` 2,600,000. Its units are powers of 1000. */
export function parseSlurmKilohertz(text: string): number | null {
  const kilo = /[KMGTP]$/i.test(text.trim()) ? 1000 : 1
  return parseScaled(text.trim(), 1000, kilo)
}

// Above P SLURM has no letter and prints `?`: that is no size, nor is what no table holds exactly.
function parseScaled(text: string, base: number, divisor = 1): number | null {
  const match = /^(-?\d+(?:\.\d+)?)([KMGTP]?)$/i.exec(text)
  if (match?.[1] === undefined) return null
  const value = Math.round((Number(match[1]) * base ** powers.indexOf((match[2] ?? '').toUpperCase())) / divisor)
  return Number.isSafeInteger(value) ? value || 0 : null
}
