/** How a supercomputer of CSC is asked; Lautta's own choice, from what its user guide says of polling. */
export const cscHabits = {
  pollSeconds: 60,
  maxChannels: 4,
  commandsPerSecond: 5,
  sbatchSeconds: 60,
  settleSeconds: 10
}
