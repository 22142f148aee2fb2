import { performance } from 'node:perf_hooks'
import type { Comparison, Turn } from '../benchmark.ts'
import type { Direct } from '../slurm/direct.ts'
import type { OpenSsh } from '../slurm/open-ssh.ts'
import { followOrder, type OrderedJob, startOrder } from '../slurm/orders.ts'
import type { Stage } from '../slurm/stage.ts'

/** The steps of one order: each ends where the next begins. */
const steps = ['to the submitter', 'prepare', 'submit', 'back to the notebook'] as const
type Step = (typeof steps)[number]

/**
 * One order at a time to a submitter that has nothing else to do: from before its POST until its event `queued` has
 * reached who follows it. Beside it sbatch through a warm connection of OpenSSH, and what Lautta's time is made of.
 */
export function compareAlone(stage: Stage, direct: Direct, openSsh: OpenSsh, job: OrderedJob, rounds: number): Comparison[] {
  const taken: Record<Step, Turn[]> = { 'to the submitter': [], prepare: [], submit: [], 'back to the notebook': [] }

  const order = async (): Promise<Turn> => {
    const beganAtMs = Date.now()
    const events = await followOrder(stage, await startOrder(stage, [job]), ({ to }) => to === 'queued')
    const reached = (state: string) => Date.parse(events.find(({ to }) => to === state)?.at ?? '')
    const seenAtMs = events.at(-1)?.seenAtMs ?? Number.NaN
    const moments = [beganAtMs, reached('preparing'), reached('submitting'), reached('queued'), seenAtMs]
    for (const [index, step] of steps.entries()) {
      taken[step].push({ figure: (moments[index + 1] ?? 0) - (moments[index] ?? 0), errors: 0 })
    }
    return { figure: seenAtMs - beganAtMs, errors: 0 }
  }
  const argv = ['sbatch', '--parsable', ...optionsOf(job)]
  const reference = 'sbatch through OpenSSH'
  return [
    {
      title: 'one order until it has its id',
      ...{ unit: 'ms', reference, rounds, toldAs: 'difference' as const },
      peers: {
        Lautta: order,
        [reference]: () => time(async () => isId((await openSsh.run(argv.join(' '), job.script)).stdout)),
        "Lautta's submit command": () => time(async () => isId(await direct.submit(job))),
        "sbatch through Lautta's connection": () => time(async () => isId(await direct.run(argv, job.script))),
        "nothing through Lautta's connection": () => time(async () => (await direct.run(['true'])) === '')
      }
    },
    {
      title: "of Lautta's time for one order",
      ...{ unit: 'ms', reference: 'submit', rounds },
      peers: Object.fromEntries(steps.map((step) => [step, async () => taken[step].shift() ?? { figure: 0, errors: 1 }]))
    }
  ]
}

/** The options as sbatch takes them. */
export function optionsOf({ options = {} }: OrderedJob): string[] {
  return Object.entries(options).map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`))
}

function isId(text: string): boolean {
  return /^\d+$/.test(text.trim())
}

async function time(work: () => Promise<boolean>): Promise<Turn> {
  const beganAt = performance.now()
  const isGood = await work()
  return { figure: performance.now() - beganAt, errors: isGood ? 0 : 1 }
}
