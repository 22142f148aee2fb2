import { readdir } from 'node:fs/promises'
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

const logOf = (id: string, query: string) => lautta.ask(`/v1/orchestrations/${id}/jobs/mahti/0/log${query}`)
const linesOf = async (id: string): Promise<{ rows: string; source: string }[]> =>
  (await lautta.ask(`/v1/tables/logs?orchestration=${id}`)).json.items
/** Everything that the pipeline bucket has of an order. */
const objectsOf = async (id: string) =>
  (await Promise.all(['LOGS', 'TIMES'].map((folder) => readdir(lautta.objectFile('pipe', folder)).catch(() => []))))
    .flat()
    .filter((name) => name.startsWith(id))
    .toSorted()

describe('the logs of an array', () => {
  it('are read task by task while it runs, and stay', async () => {
    const script = `#!/bin/bash
#SBATCH --error=err-%A-%a
case $SLURM_ARRAY_TASK_ID in
3) rm "slurm-\${SLURM_ARRAY_JOB_ID}_3.out"; echo oops >&2;;
*) printf 'task \\0 \\377 %s\\n' $SLURM_ARRAY_TASK_ID;;
esac
while ! [ -e ~/go-on ]; do sleep 0.2; done
`
    const id = await orders.start('mahti', [{ script, array: '1-3' }])
    const bytes = (task: number) => `task \0 \u{fffd} ${task}\n`
    await until(async () => (await logOf(id, '?task=2')).text === bytes(2), 100)
    await until(async () => (await logOf(id, '?task=3&source=err')).text === 'oops\n', 100)
    await until(async () => (await logOf(id, '')).text === bytes(1) + bytes(2), 100)
    expect((await logOf(id, '?task=4')).status).toBe(404)
    await lautta.slurm.exec(['touch', 'go-on'])
    await orders.untilStored(id)
    expect(await Promise.all(['?task=1&offset=5', '?task=3', ''].map(async (query) => (await logOf(id, query)).text))).toEqual([
      bytes(1).slice(5),
      '',
      bytes(1) + bytes(2)
    ])
    expect((await linesOf(id)).map(({ source }) => source)).toEqual(['out.1', 'out.2', 'err.3'])
    expect(await objectsOf(id)).toEqual(
      ['err.3.log', 'out.1.log', 'out.2.log', 'parquet', 'parquet'].map((name) => `${id}-mahti-0-1.${name}`)
    )
  })

  it('of a thousand tasks are few objects', async () => {
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\necho task $SLURM_ARRAY_TASK_ID\n', array: '1-1000' }])
    await orders.untilStored(id)
    expect((await logOf(id, '?task=777')).text).toBe('task 777\n')
    expect((await logOf(id, '')).text).toBe(Array.from({ length: 1000 }, (_none, index) => `task ${index + 1}\n`).join(''))
    expect((await linesOf(id)).length).toBe(1000)
    expect(await objectsOf(id)).toEqual(
      ['out.log', 'out.tasks.json', 'parquet', 'parquet'].map((name) => `${id}-mahti-0-1.${name}`)
    )
  })
})

it('a plain job has no tasks', async () => {
  const id = await orders.start('mahti', [{ script: '#!/bin/sh\necho here\n' }])
  await orders.untilStored(id)
  expect((await logOf(id, '')).text).toBe('here\n')
  expect((await logOf(id, '?task=1')).status).toBe(400)
})
