/** Whether this is an id of SLURM's. What a banner of a site left in our records, SLURM would refuse together with all else. */
export function isJobId(text: string): boolean {
  return /^\d+$/.test(text)
}
