/** Whether these words of a SLURM command leave open whether slurmctld heard it. */
export function isSlurmAway(words: string): boolean {
  return /Socket timed out|Unable to contact slurm controller|Zero Bytes were transmitted|Transport endpoint|Resource temporarily unavailable|temporarily unable to accept job|Protocol authentication error|configuration source|Communication connection failure|Connection (?:refused|reset)/i.test(
    words
  )
}
