import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRun } from '../src/local/local-job.ts'
import { createLocalScheduler } from '../src/local/local-scheduler.ts'
import { createLocalShell } from '../src/local/local-shell.ts'
import { isAlive } from '../src/process-identity.ts'
import type { Scheduler, Submission } from '../src/scheduler.ts'
import { collectAccounting, findEndings, findTaskEndings } from './ask-accounting.ts'
import { describeScheduler } from './scheduler-suite.ts'

const environment = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', LANG: 'C.UTF-8' }
const makeFolder = () => mkdtemp(join(tmpdir(), 'lautta-local-'))
const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

const since = new Date()
let submissions = 0
function compose(script: string, more: Partial<Submission> = {}): Submission {
  const token = `token${++submissions}`
  return {
    token,
    try: 1,
    jobName: `test.${token}`,
    script,
    workingDirectory: null,
    modules: [],
    array: null,
    options: {},
    ...more
  }
}

async function submit(scheduler: Scheduler, script: string): Promise<string> {
  const answer = await scheduler.submit(compose(script))
  if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
  return answer.slurmJobId
}

async function waitFor<Value>(look: () => Promise<Value | null | undefined | false>): Promise<Value> {
  for (;;) {
    const found = await look()
    if (found) return found
    await pause()
  }
}

const endOf = (scheduler: Scheduler, id: string) =>
  waitFor(async () => {
    await scheduler.listJobs()
    return (await findEndings(scheduler, [id], since)).get(id)
  })

/** Pids of processes with this in their command line; a zombie has none. */
async function findProcesses(words: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) =>
      (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').includes(words) ? [Number(pid)] : []
    )
  )
  return found.flat()
}

describeScheduler('processes of this machine', async () => {
  const folder = await makeFolder()
  const scheduler = createLocalScheduler({ folder: join(folder, 'jobs'), environment })
  const work = join(folder, 'work')
  await mkdir(work)
  return {
    ...{ scheduler, folder: work, shortestLimit: '0:01' },
    shell: createLocalShell(environment, folder),
    async holdBack() {
      const blockers = await Promise.all(
        Array.from({ length: availableParallelism() }, () => submit(scheduler, '#!/bin/sh\nsleep 300\n'))
      )
      return { options: {}, release: async () => void (await Promise.all(blockers.map((id) => scheduler.cancel(id)))) }
    },
    close: () => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
})

describe.each([
  ['in pid namespaces', async (): Promise<string> => environment.PATH],
  [
    'where pid namespaces are not allowed',
    async (folder: string): Promise<string> => {
      const bin = join(folder, 'bin')
      await mkdir(bin)
      for (const program of ['bash', 'sh', 'perl', 'sleep', 'setsid', 'env', 'echo', 'true', 'cat', 'nohup'])
        await symlink(join('/usr/bin', program), join(bin, program))
      return bin
    }
  ]
])('jobs of this machine, %s', (_where, findPath) => {
  let folder: string
  let scheduler: Scheduler
  let open: () => Scheduler
  beforeEach(async () => {
    folder = await makeFolder()
    const path = await findPath(folder)
    open = () => createLocalScheduler({ folder: join(folder, 'jobs'), environment: { ...environment, PATH: path } })
    scheduler = open()
  })
  afterEach(async () => {
    for (const id of (await scheduler.listJobs()).keys()) await scheduler.cancel(id)
    await waitFor(async () => (await scheduler.listJobs()).size === 0)
    // What was ended may still write its last file.
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })

  it('run at most as many at once as there are cores; the rest waits its turn', async () => {
    const ids = await Promise.all(
      Array.from({ length: availableParallelism() + 2 }, () => submit(scheduler, '#!/bin/sh\nsleep 0.3\n'))
    )
    let most = 0
    await waitFor(async () => {
      const running = [...(await scheduler.listJobs()).values()].filter(({ phase }) => phase === 'running').length
      most = Math.max(most, running)
      const endings = await findEndings(scheduler, ids, since)
      return ids.every((id) => endings.get(id)?.outcome === 'completed')
    })
    expect(most).toBe(availableParallelism())
  })

  it('see an environment of their own, and nothing of ours', async () => {
    process.env.LAUTTA_API_KEY = 'secret'
    const id = await submit(scheduler, '#!/usr/bin/env bash\nenv > seen\n')
    delete process.env.LAUTTA_API_KEY
    await endOf(scheduler, id)
    const seen = await readFile(join(folder, 'jobs', id, 'seen'), 'utf8')
    expect(seen).toMatch(`SLURM_JOB_ID=${id}\n`)
    expect(seen).toMatch(/SLURM_JOB_NAME=test\.token/)
    expect(seen).not.toMatch(/LAUTTA|secret/)
  })

  it('that are cancelled in their first moments end, and nothing else does', async () => {
    const bystander = spawn('sleep', ['600'])
    for (let moment = 0; moment < 12; moment++) {
      const id = await submit(scheduler, '#!/bin/sh\nsleep 600\n')
      await waitFor(() => readRun(join(folder, 'jobs', id)))
      await new Promise((resolve) => setTimeout(resolve, moment * 4))
      await scheduler.cancel(id)
      expect(await endOf(scheduler, id)).toMatchObject({ outcome: 'cancelled' })
    }
    expect([bystander.exitCode, bystander.signalCode]).toEqual([null, null])
    bystander.kill()
  })

  it('that can not even write their output have failed, and say why in their folder', async () => {
    const id = await submit(scheduler, '#!/bin/sh\n#SBATCH --output=missing/out\ntrue\n')
    expect(await endOf(scheduler, id)).toMatchObject({ outcome: 'failed', exitCode: 1 })
    expect(await readFile(join(folder, 'jobs', id, 'runner.log'), 'utf8')).toMatch(/ENOENT.*missing\/out/)
  })

  it('are not taken for gone when their folder can not be read', async () => {
    const file = join(folder, 'no-folder')
    await writeFile(file, '')
    await expect(createLocalScheduler({ folder: file, environment }).listJobs()).rejects.toThrow(/ENOTDIR/)
  })

  it('go on without us, and an end in our absence is not lost', async () => {
    const id = await submit(scheduler, '#!/usr/bin/env bash\nsleep 0.2\nexit 5\n')
    const run = await waitFor(() => readRun(join(folder, 'jobs', id)))
    await waitFor(async () => !(await isAlive(run)))
    expect((await findEndings(open(), [id], since)).get(id)).toMatchObject({ outcome: 'failed', exitCode: 5 })
  })

  it('are told as node-failed when their runner was killed, and leave nothing running', async () => {
    const marker = `9${Math.floor(Math.random() * 1e8)}`
    const id = await submit(scheduler, `#!/usr/bin/env bash\nsetsid nohup sleep ${marker} &\nsleep ${marker}\n`)
    await waitFor(async () => (await findProcesses(`sleep ${marker}`)).length === 2)
    const run = await waitFor(() => readRun(join(folder, 'jobs', id)))
    process.kill(run.pid, 'SIGKILL')
    expect(await endOf(scheduler, id)).toMatchObject({ outcome: 'node-failed', reason: 'NODE_FAIL' })
    await waitFor(async () => (await findProcesses(`sleep ${marker}`)).length === 0)
  })

  it('are ended with all that they started, also with what ignores TERM, left the session and was orphaned', async () => {
    const marker = `8${Math.floor(Math.random() * 1e8)}`
    const id = await submit(scheduler, `#!/usr/bin/env bash\n(trap '' TERM; setsid nohup sleep ${marker} & )\nsleep ${marker}\n`)
    await waitFor(async () => (await findProcesses(`sleep ${marker}`)).length === 2)
    await scheduler.cancel(id)
    expect(await endOf(scheduler, id)).toMatchObject({ outcome: 'cancelled' })
    await waitFor(async () => (await findProcesses(`sleep ${marker}`)).length === 0)
  })

  it('take nothing along that they left in the background when they end', async () => {
    const marker = `7${Math.floor(Math.random() * 1e8)}`
    const id = await submit(scheduler, `#!/usr/bin/env bash\nnohup sleep ${marker} &\n`)
    expect(await endOf(scheduler, id)).toMatchObject({ outcome: 'completed' })
    await waitFor(async () => (await findProcesses(`sleep ${marker}`)).length === 0)
  })

  it('are started once, although two of us start what waits', async () => {
    const other = open()
    const ids = await Promise.all([1, 2, 3, 4].map(() => submit(scheduler, '#!/usr/bin/env bash\necho ran >> count\n')))
    await Promise.all([other.listJobs(), scheduler.listJobs(), other.listJobs()])
    for (const id of ids) {
      await endOf(other, id)
      expect(await readFile(join(folder, 'jobs', id, 'count'), 'utf8')).toBe('ran\n')
    }
  })

  it('go on as tasks of an array without us, with an environment and logs of their own', async () => {
    const script =
      '#!/bin/sh\n#SBATCH --array=8-12:2%1\n#SBATCH -o out-%A-%3a -e err-%j\nenv; echo here >&2\necho begins >>turns; sleep 0.1; echo ends >>turns\n'
    const id = await submit(scheduler, script)
    await waitFor(async () => !(await open().listJobs()).has(id))
    const ends = await findTaskEndings(open(), id, since)
    expect([...(ends ?? [])].map(([task, end]) => [task, end?.outcome])).toEqual([8, 10, 12].map((task) => [task, 'completed']))
    const seen = (await readFile(join(folder, 'jobs', id, `out-${id}-010`), 'utf8')).split('\n')
    expect(seen.filter((line) => line.startsWith('SLURM_ARRAY')).sort()).toEqual([
      `SLURM_ARRAY_JOB_ID=${id}`,
      'SLURM_ARRAY_TASK_COUNT=3',
      'SLURM_ARRAY_TASK_ID=10',
      'SLURM_ARRAY_TASK_MAX=12',
      'SLURM_ARRAY_TASK_MIN=8'
    ])
    for (const task of [8, 10, 12]) expect(await readFile(join(folder, 'jobs', id, `err-${id}_${task}`), 'utf8')).toBe('here\n')
    expect(await readFile(join(folder, 'jobs', id, 'turns'), 'utf8')).toBe('begins\nends\n'.repeat(3))
    const records = await collectAccounting(scheduler, id, since)
    expect(records.map(({ jobId, arrayTask }) => [jobId, arrayTask])).toEqual([8, 10, 12].map((task) => [id, task]))
  })

  it('are no more than a folder while they wait as tasks of an array, and end at once when it is cancelled', async () => {
    const id = await submit(scheduler, '#!/bin/sh\n#SBATCH --array=0-199%1\nsleep 600\n')
    await waitFor(async () => (await scheduler.listJobs()).get(id)?.phase === 'running')
    expect((await readdir(join(folder, 'jobs'))).filter((name) => name.startsWith(id)).toSorted()).toEqual([id, `${id}_0`])
    await scheduler.cancel(id)
    await waitFor(async () => !(await open().listJobs()).has(id))
    const outcomes = [...((await findTaskEndings(scheduler, id, since)) ?? [])].map(([, end]) => end?.outcome)
    expect(outcomes).toEqual(Array(200).fill('cancelled'))
    expect((await readdir(join(folder, 'jobs'))).some((name) => name === `${id}_200`)).toBe(false)
  })
})
