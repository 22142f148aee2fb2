import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../servers/free-port.ts'
import { processesNaming } from '../servers/processes.ts'
import { runPython } from '../support/python.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'
import { startService } from '../support/start-service.ts'
import { until } from '../support/until.ts'

let lautta: Standalone
beforeAll(async () => {
  lautta = await startStandalone()
})
afterAll(() => lautta?.stop())

const file = (name: string) => join(lautta.folder, name)
/** A batch script that leaves a line for each run of it, and goes on until it is let go. */
const script = (name: string) =>
  `#!/bin/sh\necho ran >>${file(`${name}.runs`)}\necho begun\nuntil [ -e ${file(`${name}.go`)} ]; do sleep 0.05; done\necho done\n`
const runs = (name: string) => readFile(file(`${name}.runs`), 'utf8').catch(() => '')
const letGo = (name: string) => writeFile(file(`${name}.go`), '')
const killAndRestart = async () => {
  await lautta.process.end('SIGKILL')
  await lautta.restart()
}
const embeddedRedis = async (): Promise<number> => {
  const children = await readFile(`/proc/${lautta.process.pid}/task/${lautta.process.pid}/children`, 'utf8')
  const [pid = 0] = children
    .trim()
    .split(' ')
    .map(Number)
    .filter((child) => processesNaming('redis-server').includes(child))
  return pid
}

describe('an order, when everything is killed', () => {
  it('three times while its job runs, ends once, with one run', async () => {
    const id = await lautta.orders.start('local', [{ script: script('three') }])
    for (let kill = 0; kill < 3; kill++) {
      await lautta.orders.untilJob(id, 'local', ({ status }) => status.running)
      await until(async () => (await lautta.orders.log(id, 'local')) === 'begun\n')
      await killAndRestart()
    }
    await letGo('three')
    const order = await lautta.orders.untilStored(id)
    expect(order).toMatchObject({ state: 'finished', outcome: 'completed' })
    expect(order.platforms.local.jobs[0]).toMatchObject({ attempt: 1, restart: 0, 'exit-code': 0 })
    expect(await runs('three')).toBe('ran\n')
    expect(await lautta.orders.log(id, 'local')).toBe('begun\ndone\n')
    const sacct = `import sys, json, pandas
frame = pandas.read_parquet(sys.argv[1])
print(json.dumps(frame[['job-id', 'state', 'attempt']].values.tolist()))`
    const path = file(`data/store/mlch-sub-air-local/ARTIFACTS/SACCT/${id}-local-0-1.parquet`)
    expect(await runPython(sacct, path)).toEqual([[order.platforms.local.jobs[0].id, 'COMPLETED', 1]])
  })

  it('and the job ends while nobody looks, is told how it ended', async () => {
    const id = await lautta.orders.start('local', [{ script: `${script('alone')}exit 7\n` }])
    await lautta.orders.untilJob(id, 'local', ({ status }) => status.running)
    await until(async () => (await runs('alone')) === 'ran\n')
    await lautta.process.end('SIGKILL')
    await letGo('alone')
    await lautta.restart()
    expect(await lautta.orders.untilStored(id)).toMatchObject({ outcome: 'failed' })
    expect(await lautta.orders.job(id, 'local')).toMatchObject({ 'exit-code': 7, reason: 'FAILED, exit code 7' })
    expect(await runs('alone')).toBe('ran\n')
  })

  // From the order to the running job it takes some 0.2 s on a quiet machine.
  it.each([0, 5, 10, 20, 40, 80, 120, 160, 240, 320])('%i ms after it was started, ends with one run', async (ms) => {
    const name = `after-${ms}`
    await letGo(name)
    const id = await lautta.orders.start('local', [{ script: script(name) }])
    await new Promise((resolve) => setTimeout(resolve, ms))
    await killAndRestart()
    expect(await lautta.orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await runs(name)).toBe('ran\n')
    expect(await lautta.orders.log(id, 'local')).toBe('begun\ndone\n')
  })

  it('goes on when only Redis was killed', async () => {
    const id = await lautta.orders.start('local', [{ script: script('redis') }])
    await lautta.orders.untilJob(id, 'local', ({ status }) => status.running)
    process.kill(await embeddedRedis(), 'SIGKILL')
    await letGo('redis')
    expect(await lautta.orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await runs('redis')).toBe('ran\n')
    const next = await lautta.orders.start('local', [{ script: script('redis') }])
    expect(await lautta.orders.untilStored(next)).toMatchObject({ outcome: 'completed' })
  })
})

describe('a data directory', () => {
  it('is worked on by one standalone at a time, and the second says by whom', async () => {
    const second = startService('standalone', {
      LAUTTA_DATA_DIR: file('data'),
      LAUTTA_PORT: String(await freePort()),
      LAUTTA_PROXY_PORT: '0'
    })
    await expect(second).rejects.toThrow(new RegExp(`in use by another Lautta \\(process ${lautta.process.pid}\\)`))
  })
  it('is left by SIGTERM with the jobs of platform local going on, and without a process of Lautta', async () => {
    const id = await lautta.orders.start('local', [{ script: script('term') }])
    await lautta.orders.untilJob(id, 'local', ({ status }) => status.running)
    const redis = await embeddedRedis()
    expect(await lautta.process.end('SIGTERM')).toBe(0)
    expect(() => process.kill(redis, 0)).toThrow('ESRCH')
    await letGo('term')
    await lautta.restart()
    expect(await lautta.orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await runs('term')).toBe('ran\n')
  })
})
