const powers = ['', 'K', 'M', 'G', 'T', 'P']

/** Reads a size as sacct prints it, in bytes: `10824K`, `1.5G`, `0`. SLURM's units are powers of 1024. */
export function parseSlurmBytes(text: string): number | null {
  return parseScaled(text, 1024)
}

/** Reads ReqMem, which is of the whole job, but in versions before 21.08 of one node (`4Gn`) or CPU (`2Gc`). */
export function parseRequestedMemory(text: string, nodes: number | null, cpus: number | null): number | null {
  const each = /n$/i.test(text) ? nodes : /c$/i.test(text) ? cpus : 1
  const bytes = parseSlurmBytes(text)
  return bytes === null || each === null ? null : bytes * each
}

/** Reads a count or frequency as sacct prints it: `2.60M` is 2,600,000. */
export function parseSlurmCount(text: string): number | null {
  return parseScaled(text, 1000)
}

function parseScaled(text: string, base: number): number | null {
  // ReqMem of old versions ends in n (per node) or c (per cpu).
  const match = /^(\d+(?:\.\d+)?)([KMGTP]?)[nc]?$/i.exec(text.trim())
  if (match?.[1] === undefined) return null
  const amount = Math.round(Number(match[1]) * base ** powers.indexOf((match[2] ?? '').toUpperCase()))
  // SLURM's 18446744073709551614 says that there is no value.
  return Number.isSafeInteger(amount) ? amount : null
}
