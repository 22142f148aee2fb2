import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { followLog, type LogFollower } from '../../services/forwarder/test/follow-log.ts'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { runPython } from '../support/python.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'
import { until } from '../support/until.ts'

const pollSeconds = 2
const tickSeconds = 0.1

/** Prints a numbered line at each tick, until the file is there, or a test that failed has long been over. */
const script = (goOn: string) => `#!/bin/bash
line=0
while ! [ -e ${goOn} ] && ((line < 3000)); do echo "line $((++line)) ä"; sleep ${tickSeconds}; done
printf 'it ends here'
exit 3
`
const lastLine = (text: string): number => Number(/line (\d+) [^\n]*\n(?:it ends here)?$/.exec(text)?.[1] ?? 0)

/**
 * How old the oldest line was that an event told, in lines that the job had printed by then: at most, over so many events.
 * The job's own ticks are the clock, so that a busy machine slows both.
 */
async function measureLag(follower: LogFollower, readLog: () => Promise<string>, events: number): Promise<number> {
  let most = 0
  await until(() => follower.text() !== '')
  for (let seen = 0; seen < events; seen++) {
    const told = lastLine(follower.text())
    await until(() => lastLine(follower.text()) > told)
    most = Math.max(most, lastLine(await readLog()) - told)
  }
  return most
}

/** What the guide tells notebooks to do: with bytes, and with events. */
async function readSnippets(): Promise<string[]> {
  const guide = await readFile(new URL('../../docs/users.md', import.meta.url), 'utf8')
  const [, part = ''] = guide.split('**A log as it grows.**')
  return [...part.matchAll(/```python\n(.*?)```/gs)].slice(0, 2).map(([, code]) => code!)
}
const notebook = `
import contextlib, io, json, sys, time, requests
url, key, id, code = sys.argv[1:]
api = requests.Session()
api.headers["authorization"] = key
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    exec(code)
print(json.dumps({"printed": printed.getvalue(), "end": globals().get("end")}))
`

const intervals = (lines: number): number => (lines * tickSeconds) / pollSeconds
const ended = { attempt: 1, task: null, outcome: 'failed', 'exit-code': 3 }

describe('a log on platform local', () => {
  let lautta: Standalone
  beforeAll(async () => {
    lautta = await startStandalone()
  })
  afterAll(() => lautta?.stop())

  it('is followed, within two intervals of each line, to its end', async () => {
    const goOn = join(lautta.folder, 'go-on')
    const id = await lautta.orders.start('local', [{ script: script(goOn) }])
    const log = `${lautta.url}/v1/orchestrations/${id}/jobs/local/0/log`
    const follower = await followLog(log, lautta.authorization)
    const { id: jobId } = await lautta.orders.untilJob(id, 'local', ({ state }) => state === 'running')
    const readLog = () => readFile(join(lautta.folder, 'data/local', jobId, `slurm-${jobId}.out`), 'utf8')
    expect(intervals(await measureLag(follower, readLog, 3))).toBeLessThanOrEqual(2)
    const snippets = await readSnippets()
    const notebooks = snippets.map((code) =>
      runPython(notebook, `${lautta.url}/v1`, lautta.authorization.authorization, id, code)
    )
    await writeFile(goOn, '')
    expect(await follower.over).toBe(true)
    const whole = await readLog()
    expect([follower.text(), follower.end()]).toEqual([whole, expect.objectContaining(ended)])
    expect(await Promise.all(notebooks)).toEqual([
      { printed: `${whole}\n`, end: null },
      { printed: whole, end: follower.end() }
    ])
  })
})

describe('a log on SLURM', () => {
  let lautta: LauttaOnSlurm
  let orders: ReturnType<typeof createOrderClient>
  beforeAll(async () => {
    lautta = await startLauttaOnSlurm(() => ({ 'poll-seconds': pollSeconds }))
    orders = createOrderClient(lautta.ask)
  })
  afterAll(() => lautta?.stop())
  const follow = (id: string, query = '', lastId?: string) =>
    followLog(`${lautta.url}/v1/orchestrations/${id}/jobs/mahti/0/log${query}`, {
      authorization: `Bearer ${lautta.apiKey}`,
      ...(lastId !== undefined && { 'last-event-id': lastId })
    })

  it('is followed, within two intervals of each line, through a new forwarder and to its end', async () => {
    const goOn = '/users/csc/go-on'
    const id = await orders.start('mahti', [{ script: script(goOn) }])
    const first = await follow(id)
    const { id: jobId } = await orders.untilJob(id, 'mahti', ({ state }) => state === 'running')
    const readLog = () => readFile(lautta.slurm.hostPath(`/users/csc/slurm-${jobId}.out`), 'utf8')
    expect(intervals(await measureLag(first, readLog, 5))).toBeLessThanOrEqual(2)
    await lautta.services.forwarder.end('SIGKILL')
    expect([await first.over, first.end()]).toEqual([false, undefined])
    await lautta.start('forwarder')
    const second = await follow(id, '', first.events.at(-1)?.id)
    const raw = lautta.ask(`/v1/orchestrations/${id}/jobs/mahti/0/log?follow=true`)
    await until(() => second.text() !== '')
    await lautta.slurm.exec(['touch', goOn])
    expect(await second.over).toBe(true)
    const whole = await readLog()
    expect(first.text() + second.text()).toBe(whole)
    expect((await raw).text).toBe(whole)
    expect(second.end()).toMatchObject(ended)
    expect(second.events.at(-1)?.id).toBe(String(Buffer.byteLength(whole)))
  })

  it('has both runs of a job that is requeued, and of an array each task by itself', async () => {
    const id = await orders.start('mahti', [
      {
        script: `#!/bin/bash
#SBATCH --requeue --error=err-%A-%a
echo run $SLURM_RESTART_COUNT; echo error $SLURM_ARRAY_TASK_ID >&2
while ! [ -e ~/requeued ]; do sleep 0.1; done
`
      },
      {
        script:
          '#!/bin/bash\n#SBATCH --error=err-%A-%a\necho error $SLURM_ARRAY_TASK_ID >&2; exit $((SLURM_ARRAY_TASK_ID - 3))\n',
        array: '3-4'
      }
    ])
    const follower = await follow(id)
    const task = await followLog(`${lautta.url}/v1/orchestrations/${id}/jobs/mahti/1/log?source=err&task=4`, {
      authorization: `Bearer ${lautta.apiKey}`
    })
    await until(() => follower.text() === 'run\n')
    expect((await lautta.ask(`/v1/orchestrations/${id}/jobs/mahti/0/requeue`, { method: 'POST' })).status).toBe(202)
    await until(() => follower.text().startsWith('run\nrun 1\n'))
    await lautta.slurm.exec(['touch', 'requeued'])
    expect([await follower.over, follower.text()]).toEqual([true, 'run\nrun 1\n'])
    expect([await task.over, task.text(), task.end()]).toEqual([
      true,
      'error 4\n',
      expect.objectContaining({ task: 4, outcome: 'failed', 'exit-code': 1 })
    ])
  })
})
