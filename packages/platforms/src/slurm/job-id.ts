/** Whether this is an id of SLURM's. What a banner of a site left in our records, SLURM would refuse together with all else. */
export function isJobId(text: string): boolean {
  return /^\d+$/.test(text)
}

/** Whether this is an id of a job, or of one task of an array: `20_7`. */
export function isJobOrTaskId(text: string): boolean {
  return /^\d+(?:_\d+)?$/.test(text)
}
