const growth = 1.5
const mostTimes = 5
const mostMoreSeconds = 60

/** Seconds until the platform is listed again: more and more while nothing changes there, the configured ones when something did. */
export function nextIntervalSeconds(presentSeconds: number, pollSeconds: number, hasChanged: boolean): number {
  if (hasChanged) return pollSeconds
  return Math.min(presentSeconds * growth, pollSeconds * mostTimes, pollSeconds + mostMoreSeconds)
}
