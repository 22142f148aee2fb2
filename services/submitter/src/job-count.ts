/** How many jobs a user has on a platform, as far as is known: those listed, those accepted since, those under way. */
export interface JobCount {
  countListed(listed: number, startedAtMs: number): void
  /** One more is being submitted; call what it answers with what came of it. */
  begin(): (isAccepted: boolean) => void
  total(): number
  /** Whether a listing began after this moment. */
  wasListedAfter(ms: number): boolean
}

export function createJobCount(now: () => Date): JobCount {
  let listedJobs = 0
  let listedAtMs = Number.NEGATIVE_INFINITY
  let acceptedAtMs: number[] = []
  let underWay = 0
  return {
    countListed(listed, startedAtMs) {
      listedJobs = listed
      listedAtMs = startedAtMs
      // A listing that began before a job was accepted may lack it.
      acceptedAtMs = acceptedAtMs.filter((at) => at >= startedAtMs)
    },
    begin() {
      underWay++
      return (isAccepted) => {
        underWay--
        if (isAccepted) acceptedAtMs.push(now().getTime())
      }
    },
    total: () => listedJobs + acceptedAtMs.length + underWay,
    wasListedAfter: (ms) => listedAtMs > ms
  }
}
