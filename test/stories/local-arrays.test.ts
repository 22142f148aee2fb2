import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Standalone, startStandalone } from '../support/standalone.ts'
import { until } from '../support/until.ts'

let lautta: Standalone
beforeAll(async () => {
  lautta = await startStandalone()
})
afterAll(() => lautta?.stop())

it('an array on platform local goes on without Lautta, and has a state, a log and accounting for each task', async () => {
  const { orders, folder } = lautta
  const script = `#!/bin/sh
echo task $SLURM_ARRAY_TASK_ID
while ! [ -e ${folder}/go-on ]; do sleep 0.1; done
exit $((SLURM_ARRAY_TASK_ID / 4))
`
  const id = await orders.start('local', [{ script, array: '1-4%2' }])
  await until(async () => (await orders.log(id, 'local', '?task=2')) === 'task 2\n', 100)
  expect(await orders.log(id, 'local', '?task=3')).toBe('')
  await lautta.process.end()
  await writeFile(join(folder, 'go-on'), '')
  await lautta.restart()
  expect(await orders.untilStored(id)).toMatchObject({ outcome: 'failed' })
  expect(await orders.job(id, 'local')).toMatchObject({
    'exit-code': 1,
    reason: expect.stringMatching(/_4: FAILED, exit code 1/)
  })
  expect(await orders.log(id, 'local')).toBe('task 1\ntask 2\ntask 3\ntask 4\n')
  expect(await orders.log(id, 'local', '?task=3')).toBe('task 3\n')
  const { items } = (await orders.ask(`/v1/tables/sacct?orchestration=${id}`)).json
  expect(items.map((row: Record<string, unknown>) => [row['array-task'], row.state])).toEqual([
    [1, 'COMPLETED'],
    [2, 'COMPLETED'],
    [3, 'COMPLETED'],
    [4, 'FAILED']
  ])
})
