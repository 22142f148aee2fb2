import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { until } from '../support/until.ts'

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
beforeAll(async () => {
  lautta = await startLauttaOnSlurm()
  orders = createOrderClient(lautta.ask)
})
afterAll(() => lautta?.stop())

/** Waits for files of the user, and cuts its own log in between. */
const script = `#!/bin/bash
#SBATCH --requeue --output=followed.out
run=\${SLURM_RESTART_COUNT:-0}
echo "run $run begins"
while ! [ -e ~/cut-$run ]; do sleep 0.2; done
: >followed.out
echo "run $run goes on, with more words than there were before they were cut"
while ! [ -e ~/end-$run ]; do sleep 0.2; done
`
const linesOfRun = (run: number) => [
  `run ${run} begins`,
  `run ${run} goes on, with more words than there were before they were cut`
]

/** Without what SLURM itself says when it ends a run, if that is seen before the next one begins. */
const withoutSlurm = (lines: readonly string[]) => lines.filter((line) => !/^slurmstepd.* DUE TO JOB REQUEUE/.test(line))

describe('the log of a job that cuts it, and that SLURM begins anew', () => {
  it('has all that was there at any time, once and in its sequence', async () => {
    const id = await orders.start('mahti', [{ script }])
    const read = async () => (await lautta.ask(`/v1/orchestrations/${id}/jobs/mahti/0/log`)).text
    const log = async () => withoutSlurm((await read()).trimEnd().split('\n'))
    const lines = [...linesOfRun(0), ...linesOfRun(1)]
    const untilLines = (count: number) => until(async () => (await log()).at(-1) === lines[count - 1], 100)
    await untilLines(1)
    await lautta.slurm.exec(['touch', 'cut-0'])
    await untilLines(2)
    expect((await lautta.ask(`/v1/orchestrations/${id}/jobs/mahti/0/requeue`, { method: 'POST' })).status).toBe(202)
    await untilLines(3)
    await lautta.slurm.exec(['touch', 'cut-1'])
    await untilLines(4)
    await lautta.slurm.exec(['touch', 'end-1'])
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await log()).toEqual(lines)
    const { items } = (await lautta.ask(`/v1/tables/logs?orchestration=${id}`)).json
    expect(withoutSlurm(items.map(({ rows }: { rows: string }) => rows))).toEqual(lines)
  })
})
