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
/** Waits for files of the user, and cuts its own log in between. */
const cutting = `#!/bin/bash
#SBATCH --requeue --output=cutting.out
run=\${SLURM_RESTART_COUNT:-0}
echo "run $run begins"
while ! [ -e ~/cut-$run ]; do sleep 0.2; done
: >cutting.out
echo "run $run goes on, with more words than there were before they were cut"
while ! [ -e ~/end-$run ]; do sleep 0.2; done
`
const linesOfRun = (run: number) => [
  `run ${run} begins`,
  `run ${run} goes on, with more words than there were before they were cut`
]
/** Without what SLURM itself says when it ends a run, if that is seen before the next one begins. */
const withoutSlurm = (lines: readonly string[]) => lines.filter((line) => !/^slurmstepd.* DUE TO JOB REQUEUE/.test(line))
const toldLines = (text: string) => withoutSlurm(text.trimEnd().split('\n'))

const taskScript = `#!/bin/bash
#SBATCH --error=err-%A-%a
echo error $SLURM_ARRAY_TASK_ID >&2
while ! [ -e ~/task ]; do sleep 0.2; done
echo more >&2
while ! [ -e ~/task-end ]; do sleep 0.2; done
exit $((SLURM_ARRAY_TASK_ID - 3))
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

let local: Standalone
let lautta: LauttaOnSlurm
beforeAll(async () => {
  const startLocal = async () => {
    local = await startStandalone()
  }
  const startOnSlurm = async () => {
    lautta = await startLauttaOnSlurm(() => ({ 'poll-seconds': pollSeconds }))
  }
  await Promise.all([startLocal(), startOnSlurm()])
})
afterAll(() => Promise.all([local?.stop(), lautta?.stop()]))

describe('a log on platform local', () => {
  it('is followed, within two intervals of each line, to its end', async () => {
    const goOn = join(local.folder, 'go-on')
    const id = await local.orders.start('local', [{ script: script(goOn) }])
    const log = `${local.url}/v1/orchestrations/${id}/jobs/local/0/log`
    const follower = await followLog(log, local.authorization)
    const { id: jobId } = await local.orders.untilJob(id, 'local', ({ state }) => state === 'running')
    const readLog = () => readFile(join(local.folder, 'data/local', jobId, `slurm-${jobId}.out`), 'utf8')
    expect(intervals(await measureLag(follower, readLog, 2))).toBeLessThanOrEqual(2)
    const snippets = await readSnippets()
    const notebooks = snippets.map((code) => runPython(notebook, `${local.url}/v1`, local.authorization.authorization, id, code))
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
  let orders: ReturnType<typeof createOrderClient>
  beforeAll(() => {
    orders = createOrderClient(lautta.ask)
  })
  const touch = (name: string) => lautta.slurm.exec(['touch', name])
  /** An order whose first job waits for its next run, and who followed it before. */
  let requeued: string
  let beforeRequeue: LogFollower
  const follow = (id: string, query = '', { index = 0, lastId }: { index?: number; lastId?: string | undefined } = {}) =>
    followLog(`${lautta.url}/v1/orchestrations/${id}/jobs/mahti/${index}/log${query}`, {
      authorization: `Bearer ${lautta.apiKey}`,
      ...(lastId !== undefined && { 'last-event-id': lastId })
    })

  it('has what was there before a job cut it, and of a task a little as soon as it is written', async () => {
    requeued = await orders.start('mahti', [{ script: cutting }, { script: taskScript, array: '3-4' }])
    beforeRequeue = await follow(requeued)
    const task = await follow(requeued, '?source=err&task=4', { index: 1 })
    await until(() => task.text() === 'error 4\n' && toldLines(beforeRequeue.text()).at(-1) === linesOfRun(0)[0])
    await Promise.all([touch('cut-0'), touch('task')])
    await until(() => task.text() === 'error 4\nmore\n' && toldLines(beforeRequeue.text()).at(-1) === linesOfRun(0)[1])
    await touch('task-end')
    expect((await lautta.ask(`/v1/orchestrations/${requeued}/jobs/mahti/0/requeue`, { method: 'POST' })).status).toBe(202)
    expect([await task.over, task.text(), task.end()]).toEqual([
      true,
      'error 4\nmore\n',
      expect.objectContaining({ task: 4, outcome: 'failed', 'exit-code': 1 })
    ])
  })

  it('is followed, within two intervals of each line, through a new forwarder and to its end', async () => {
    const goOn = '/users/csc/go-on'
    const id = await orders.start('mahti', [{ script: script(goOn) }])
    const first = await follow(id)
    const { id: jobId } = await orders.untilJob(id, 'mahti', ({ state }) => state === 'running')
    const readLog = () => readFile(lautta.slurm.hostPath(`/users/csc/slurm-${jobId}.out`), 'utf8')
    expect(intervals(await measureLag(first, readLog, 3))).toBeLessThanOrEqual(2)
    await lautta.services.forwarder.end('SIGKILL')
    expect([await first.over, first.end()]).toEqual([false, undefined])
    await lautta.start('forwarder')
    const second = await follow(id, '', { lastId: first.events.at(-1)?.id })
    const raw = lautta.ask(`/v1/orchestrations/${id}/jobs/mahti/0/log?follow=true`)
    await until(() => second.text() !== '')
    await touch(goOn)
    expect(await second.over).toBe(true)
    const whole = await readLog()
    expect(first.text() + second.text()).toBe(whole)
    expect((await raw).text).toBe(whole)
    expect(second.end()).toMatchObject(ended)
    expect(second.events.at(-1)?.id).toBe(String(Buffer.byteLength(whole)))
  })

  it('goes on in the next run of a job that was requeued', async () => {
    const after = await follow(requeued, '', { lastId: beforeRequeue.events.at(-1)?.id })
    const told = () => beforeRequeue.text() + after.text()
    await until(() => toldLines(told()).at(-1) === linesOfRun(1)[0])
    await touch('cut-1')
    await until(() => toldLines(told()).at(-1) === linesOfRun(1)[1])
    await touch('end-1')
    const lines = [...linesOfRun(0), ...linesOfRun(1)]
    expect([await after.over, toldLines(told())]).toEqual([true, lines])
    expect((await lautta.ask(`/v1/orchestrations/${requeued}/jobs/mahti/0/log`)).text).toBe(told())
    const { items } = (await lautta.ask(`/v1/tables/logs?orchestration=${requeued}`)).json
    const rows = items.flatMap((row: { rows: string; 'job-index': number }) => (row['job-index'] === 0 ? [row.rows] : []))
    expect(withoutSlurm(rows)).toEqual(lines)
  })
})
