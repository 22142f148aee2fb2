const powers = ['', 'K', 'M', 'G', 'T', 'P']

/** Reads a size as sacct prints it, in bytes: `10824K`, `1.5G`, `0`. SLURM's units are powers of 1024. */
export function parseSlurmBytes(text: string): number | null {
  return parseScaled(text, 1024)
}

/** Reads a count or frequency as sacct prints it: `2.60M` is 2,600,000. */
export function parseSlurmCount(text: string): number | null {
  return parseScaled(text, 1000)
}

function parseScaled(text: string, base: number): number | null {
  // ReqMem of old versions ends in n (per node) or c (per cpu).
  const match = /^(\d+(?:\.\d+)?)([KMGTP]?)[nc]?$/i.exec(text.trim())
  if (match?.[1] === undefined) return null
  return Math.round(Number(match[1]) * base ** powers.indexOf((match[2] ?? '').toUpperCase()))
}
