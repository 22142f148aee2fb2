/** An event, as a client was told of it. */
interface ToldEvent {
  /** "<order>:<platform>:<sequence>" */
  readonly id: string
  readonly from: string
  readonly to: string
}

/** What clients know of an order of one job. */
export interface ToldOrder {
  readonly id: string
  /** Whether somebody stopped it. */
  readonly isStopped: boolean
  /** The last answer of all. */
  readonly state: string
  readonly outcome: string | null
  readonly isStored: boolean
  /** SLURM's id, or null when it never had one. */
  readonly jobId: string | null
  readonly events: readonly ToldEvent[]
  /** Ids of events, as they were told at earlier moments. */
  readonly eventsBefore: readonly (readonly string[])[]
}

/** What SLURM knows: each job with its name, which ends with the token of its attempt. */
export interface ClusterJob {
  readonly id: string
  readonly name: string
  readonly state: string
}

/** The rows of a table of an order, and of what it is made from. */
export interface TableRows {
  readonly order: string
  readonly stored: number
  readonly accounted: number
}

/** All that was told to clients, and the truth beside it. */
export interface History {
  readonly orders: readonly ToldOrder[]
  readonly jobs: readonly ClusterJob[]
  /** Which jobs did the work, a line for each time. */
  readonly runs: readonly string[]
  /** What SLURM still lists when all is over. */
  readonly alive: readonly string[]
  readonly tables: readonly TableRows[]
}

/** What is wrong with a history; nothing is what must come out. */
export function complaintsAbout(history: History): string[] {
  const { orders, jobs, runs, alive, tables } = history
  return [
    ...orders.flatMap(aboutEnd),
    ...orders.flatMap(aboutEvents),
    ...aboutAttempts(history),
    ...orders.flatMap((order) => aboutAccounting(order, jobs)),
    ...aboutRuns(jobs, runs),
    ...tables.filter(({ stored, accounted }) => stored !== accounted || stored === 0).map(describeRows),
    ...alive.map((line) => `still there: ${line}`)
  ]
}

function aboutEnd({ id, state, outcome, isStored, isStopped, jobId }: ToldOrder): string[] {
  if (state !== 'finished' || !isStored) return [`${id} did not come to its end: ${state}`]
  const isRight = outcome === 'completed' ? jobId !== null : outcome === 'cancelled' && isStopped
  return isRight ? [] : [`${id} ended as ${outcome}`]
}

function aboutEvents({ id, events, eventsBefore }: ToldOrder): string[] {
  const sequences = events.map((event) => Number(event.id.split(':').at(-1)))
  const steps = events.filter(({ from, to }) => from !== to)
  const complaints: string[] = []
  if (sequences.some((sequence, index) => index > 0 && sequence <= (sequences[index - 1] ?? 0)))
    complaints.push(`${id} has events that are not in order: ${sequences.join()}`)
  const gap = events.find(({ from }, index) => from !== (events[index - 1]?.to ?? 'declared'))
  if (gap !== undefined) complaints.push(`${id} has a gap in its events, before ${gap.id}: ${gap.from} to ${gap.to}`)
  if (steps.filter(({ to }) => to === 'finished').length !== 1) complaints.push(`${id} did not end once`)
  if (events.at(-1)?.to !== 'finished') complaints.push(`${id} has events that go on after its end`)
  const known = new Set(events.map((event) => event.id))
  const revoked = eventsBefore.flat().find((event) => !known.has(event))
  if (revoked !== undefined) complaints.push(`${id} has lost an event that was told: ${revoked}`)
  return complaints
}

/** Of an attempt there is one job at most, and whoever started it knows of it. */
function aboutAttempts({ orders, jobs }: History): string[] {
  const told = orders.flatMap(({ jobId }) => jobId ?? [])
  const idsOf = new Map<string, Set<string>>()
  for (const { id, name } of jobs) {
    const token = name.split('.').at(-1) ?? ''
    // A requeued job has a line for each time, and one id.
    idsOf.set(token, (idsOf.get(token) ?? new Set()).add(id))
  }
  const doubled = [...idsOf].filter(([, ids]) => ids.size > 1)
  return [
    ...doubled.map(([token, ids]) => `more than one job for the attempt ${token}: ${[...ids].join()}`),
    ...jobs.filter(({ id }) => !told.includes(id)).map(({ id, name }) => `nobody knows of job ${id}, ${name}`),
    ...told.filter((id, index) => told.indexOf(id) !== index).map((id) => `job ${id} is told of two attempts`)
  ]
}

const statesOf: Readonly<Record<string, string>> = { completed: 'COMPLETED', cancelled: 'CANCELLED' }

function aboutAccounting({ id, jobId, outcome }: ToldOrder, jobs: readonly ClusterJob[]): string[] {
  if (jobId === null) return []
  const states = jobs.filter((job) => job.id === jobId).map(({ state }) => state)
  const last = states.at(-1)
  if (last === undefined) return [`${id} has a job that never was: ${jobId}`]
  return last.startsWith(statesOf[outcome ?? ''] ?? 'nothing') ? [] : [`${id} ended as ${outcome}, its job ${jobId} as ${last}`]
}

function aboutRuns(jobs: readonly ClusterJob[], runs: readonly string[]): string[] {
  return jobs.flatMap(({ id, name, state }) => {
    const times = runs.filter((run) => run === name).length
    const isRight = times === 1 || (times === 0 && state.startsWith('CANCELLED'))
    return isRight ? [] : [`job ${id}, ${name}, ${state}, ran ${times} times`]
  })
}

function describeRows({ order, stored, accounted }: TableRows): string {
  return `${order} has ${stored} rows in its table, and ${accounted} in accounting`
}
