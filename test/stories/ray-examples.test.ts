import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RayServer, rayCommand, rayCommands, startRay } from '../servers/ray.ts'
import { requireCommands } from '../servers/require-server.ts'
import { outputOf } from '../servers/run.ts'
import { until } from '../support/until.ts'

interface Summary {
  id: string
  workers: number[]
  actors: number[]
  batches: number[]
  seed: { mean: number[]; variance: number[] }
  name: { mean: number[]; variance: number[] }
  priority: { mean: number[]; variance: number[] }
  length: { mean: number[]; variance: number[] }
}

const folderOf = (example: string) => fileURLToPath(new URL(`../../examples/ray/${example}/`, import.meta.url))

describe.skipIf(!requireCommands(rayCommands))('the examples of Ray jobs', () => {
  let ray: RayServer
  beforeAll(async () => {
    ray = await startRay({ cpus: 2 })
  })
  afterAll(() => ray?.stop())

  // Not fetch, whose Sec-Fetch-Mode makes Ray take us for a browser: those may not POST.
  const ask = async (path: string, method: 'GET' | 'POST' = 'GET') => {
    const { body } = await request(`${ray.dashboard}${path}`, { method, headers: { authorization: `Bearer ${ray.token}` } })
    return (await body.json()) as { status: string; logs: string }
  }

  /** Submits a Ray job as seed 003 has it: a folder, a file in it, and one argument. */
  async function submit(id: string, example: string, file: string, parameters: object): Promise<void> {
    const variables = ['RAY_AUTH_MODE=token', `RAY_AUTH_TOKEN_PATH=${ray.tokenFile}`]
    const options = ['--address', ray.dashboard, '--no-wait', '--submission-id', id, '--working-dir', folderOf(example)]
    const entrypoint = ['python', file, JSON.stringify(parameters)]
    await outputOf(['env', ...variables, rayCommand, 'job', 'submit', ...options, '--', ...entrypoint])
  }

  async function endOf(id: string): Promise<{ status: string; log: string }> {
    const status = await until(async () => {
      const { status } = await ask(`/api/jobs/${id}`)
      return ['SUCCEEDED', 'FAILED', 'STOPPED'].includes(status) ? status : null
    }, 200)
    return { status, log: (await ask(`/api/jobs/${id}/logs`)).logs }
  }

  describe('processing', () => {
    const parametersWith = (process: object) => ({
      'process-parameters': { 'worker-number': 2, 'actor-number': 2, 'cpus-each': 0.5, ...process },
      'storage-parameters': {},
      'data-parameters': {
        amount: 23,
        lengths: [2, 3, 4, 5, 6, 7],
        extensions: ['txt', 'py', 'md'],
        priority: { txt: 1, py: 2, md: 3 },
        'tuple-batch': 5,
        'stats-batch': 2
      }
    })
    const submitWith = (id: string, process: object) =>
      submit(
        id,
        'processing',
        'parallel_processing.py',
        parametersWith({ 'serve-port': Number(new URL(ray.serve).port), ...process })
      )
    const served = () =>
      fetch(`${ray.serve}/output`).then(
        async (answer) => (answer.ok ? ((await answer.json()) as { output: Summary[] }) : null),
        () => null
      )
    const nothingListens = () =>
      fetch(ray.serve).then(
        () => false,
        () => true
      )

    it('serves its output, without a loss of the last items, and leaves no Serve behind when it is stopped', async () => {
      await submitWith('serves', { 'serve-seconds': 3600 })
      const { output } = await until(served, 100)
      expect(output.map(({ id }) => id).sort()).toEqual(['1-1-1', '1-1-2', '2-2-1', '2-2-2'])
      expect(output.map(({ workers }) => workers.length).sort()).toEqual([1, 1, 2, 2])
      // 12 and 11 items in batches of 5; the seeds are 0 to 22.
      const seeds = output.flatMap(({ workers, batches, seed }) =>
        batches.map((batch, at) => Math.min(5, (workers[at] === 1 ? 12 : 11) - 5 * (batch - 1)) * (seed.mean[at] ?? 0))
      )
      expect(seeds).toHaveLength(6)
      expect(seeds.reduce((sum, one) => sum + one, 0)).toBeCloseTo((22 * 23) / 2, 9)
      for (const { workers, actors, name, priority, length } of output) {
        expect(actors).toEqual(workers)
        for (const { mean, variance } of [name, priority, length]) {
          expect([mean, variance].map((values) => values.length)).toEqual([workers.length, workers.length])
          for (const value of mean) expect(value).toSatisfy((one: number) => one >= 1 && one <= 26)
        }
      }
      await ask('/api/jobs/serves/stop', 'POST')
      expect((await endOf('serves')).status).toBe('STOPPED')
      await until(nothingListens, 100)
    })

    it('ends Serve after its time', async () => {
      await submitWith('serves-shortly', { 'serve-seconds': 1 })
      const { status, log } = await endOf('serves-shortly')
      expect(status).toBe('SUCCEEDED')
      expect(log).toContain('Serving for 1 seconds')
      await until(nothingListens, 100)
    })

    it('fails where the port for Serve is taken, and says so', async () => {
      const taker = createServer().listen(Number(new URL(ray.serve).port), '0.0.0.0')
      await submitWith('port-taken', {})
      const { status, log } = await endOf('port-taken')
      taker.close()
      expect(status).toBe('FAILED')
      expect(log).toContain(`Failed to bind to address '0.0.0.0:${new URL(ray.serve).port}'`)
    })

    it('serves nothing when it is not asked to', async () => {
      await submitWith('serves-not', { 'serve-seconds': 0 })
      const { status, log } = await endOf('serves-not')
      expect(status).toBe('SUCCEEDED')
      const [line] = log.split('\n').filter((one) => one.startsWith('{"output"'))
      expect((JSON.parse(line ?? '') as { output: Summary[] }).output).toHaveLength(4)
      expect(log).not.toContain('Serving')
    })

    it('fails where its actors would leave no room for a task', async () => {
      await submitWith('too-many', { 'actor-number': 4 })
      const { status, log } = await endOf('too-many')
      expect(status).toBe('FAILED')
      expect(log).toContain('the actors and a task need 2.5 CPUs, and the cluster has 2.0')
    })
  })

  describe('fan-out', () => {
    const items = [
      [0, 'ab.py', 2, 2],
      [1, '"é".md', 3, 3],
      [2, '', 1, 0]
    ]

    /** Takes one PUT after the other, and answers each with the next of these codes. */
    async function startReceiver(...codes: number[]) {
      const bodies: string[] = []
      const server = createServer(async (request, response) => {
        bodies.push(`${request.method} ${request.headers['content-type']} ${await buffer(request)}`)
        response.writeHead(codes.shift() ?? 500).end()
      }).listen(0, '127.0.0.1')
      await until(() => server.listening)
      return {
        bodies,
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/results.json?signature=a%2Fb`,
        [Symbol.asyncDispose]: async () => void server.close()
      }
    }

    it('puts a result for each item of its share, once more after a fault', async () => {
      await using receiver = await startReceiver(503, 201)
      await submit('share', 'fan-out', 'process_share.py', { items, output: { url: receiver.url } })
      expect((await endOf('share')).status).toBe('SUCCEEDED')
      const [first, second, ...others] = receiver.bodies
      expect([second, others]).toEqual([first, []])
      const [method, type, ...body] = first!.split(' ')
      expect([method, type]).toEqual(['PUT', 'application/json'])
      const results = JSON.parse(body.join(' ')) as Record<string, unknown>
      expect(Object.keys(results).sort()).toEqual(items.map((item) => JSON.stringify(item)).sort())
      // a, b, p, y
      expect(results['[0,"ab.py",2,2]']).toMatchObject({ letters: 4, mean: (1 + 2 + 16 + 25) / 4, node: expect.any(String) })
      expect(results['[2,"",1,0]']).toMatchObject({ letters: 0, mean: 0, variance: 0 })
    })

    it('fails when its results are refused', async () => {
      await using receiver = await startReceiver(403)
      await submit('refused', 'fan-out', 'process_share.py', { items, output: { url: receiver.url } })
      const { status, log } = await endOf('refused')
      expect(status).toBe('FAILED')
      expect(log).toContain('HTTP Error 403')
      expect(receiver.bodies).toHaveLength(1)
    })
  })
})
