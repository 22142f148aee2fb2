import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { until } from '../support/until.ts'
import { inOwnProcess } from './own-process.ts'
import { namespacesNaming, processesInNamespace, processesNaming } from './processes.ts'
import { type RayServer, rayCommand, rayCommands, startRay } from './ray.ts'
import { requireCommands } from './require-server.ts'
import { outputOf } from './run.ts'

describe.skipIf(!requireCommands(rayCommands))('the test Ray', () => {
  let ray: RayServer

  beforeAll(async () => {
    ray = await startRay({ workers: 1, cpus: 1 })
  })

  afterAll(() => ray?.stop())

  async function ask(path: string, token = ray.token): Promise<{ status: number; body: string }> {
    const answer = await fetch(`${ray.dashboard}${path}`, { headers: { authorization: `Bearer ${token}` } })
    return { status: answer.status, body: await answer.text() }
  }

  const countNodes = async (): Promise<number> => (await ask('/api/v0/nodes')).body.split('"ALIVE"').length - 1

  it('runs a Ray job on its head, which sees the CPUs of all nodes', async () => {
    const variables = ['RAY_AUTH_MODE=token', `RAY_AUTH_TOKEN_PATH=${ray.tokenFile}`]
    const code = "import ray; ray.init(log_to_driver=False); print('CPUs:', ray.cluster_resources()['CPU'])"
    const entrypoint = ['--submission-id', 'counts', '--', 'python', '-c', code]
    const submit = [rayCommand, 'job', 'submit', '--address', ray.dashboard, ...entrypoint]
    expect(await outputOf(['env', ...variables, ...submit])).toMatch(/^CPUs: 2\.0$/m)
    expect(await ask('/api/jobs/counts')).toMatchObject({ status: 200, body: expect.stringContaining('"SUCCEEDED"') })
  })

  it('answers nobody without its token', async () => {
    expect((await fetch(`${ray.dashboard}/api/jobs/`)).status).toBe(401)
    expect(await ask('/api/jobs/', 'another-token-of-that-length')).toMatchObject({ status: 403 })
    expect(await readFile(ray.tokenFile, 'utf8')).toBe(ray.token)
    expect((await stat(ray.tokenFile)).mode & 0o777).toBe(0o600)
  })

  it('tells the metrics of each node where it says', async () => {
    for (const address of ray.metrics) {
      const text = await until(() => fetch(address).then((answer) => answer.text()), 100)
      expect(text).toContain('ray_')
    }
    expect(ray.metrics).toHaveLength(2)
  })

  it('loses a worker that is killed, and goes on', async () => {
    expect(await countNodes()).toBe(2)
    await ray.killWorker(0)
    await until(async () => (await countNodes()) === 1, 200)
  })

  it('has forgotten everything after a restart on the same ports', async () => {
    await ray.restart()
    expect(await countNodes()).toBe(2)
    expect(await ask('/api/jobs/counts')).toMatchObject({ status: 404 })
  })

  it('leaves no process and no folder after a stop', async () => {
    const namespaces = namespacesNaming(ray.folder)
    expect(namespaces).toHaveLength(2)
    await ray.stop()
    await vi.waitFor(() => expect(namespaces.flatMap(processesInNamespace)).toEqual([]), { timeout: 5000, interval: 50 })
    expect(existsSync(ray.folder)).toBe(false)
  })

  it('ends with its process, however that ends', async () => {
    const code = `import { startRay } from './ray.ts'
      console.log((await startRay({ cpus: 1 })).folder)
      setInterval(() => {}, 1000)`
    const { child, lines } = inOwnProcess(code)
    const { value: folder } = await lines.next()
    const namespaces = namespacesNaming(folder)
    expect(namespaces).toHaveLength(1)
    child.kill('SIGKILL')
    await vi.waitFor(
      () => {
        expect(namespaces.flatMap(processesInNamespace)).toEqual([])
        expect(processesNaming(folder)).toEqual([])
        expect(existsSync(folder)).toBe(false)
      },
      { timeout: 20_000, interval: 100 }
    )
  })
})
