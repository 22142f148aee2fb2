// How SLURM writes down that there is no number, of 32 and of 64 bits, with a sign and without: NO_VAL and INFINITE.
const noNumbers = ['-1', '-2', '4294967294', '4294967295', '18446744073709551614', '18446744073709551615']
const noWords = ['', 'unlimited', 'invalid', 'unknown', 'partition_limit', 'none', 'n/a']
const nothing = new Set([...noNumbers, ...noWords])

/** Whether a field of sacct tells no value: it is empty, or one of the words with which SLURM says so. */
export function saysNothing(text: string): boolean {
  return nothing.has(text.trim().toLowerCase())
}
