import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { type Child, startChild } from './child.ts'
import { onFreePort } from './on-free-port.ts'
import { makePrivateFolder, type PrivateFolder } from './private-folder.ts'
import { requireCommands } from './require-server.ts'
import { outputOf } from './run.ts'

const shipped = await readFile(new URL('../../deploy/prometheus/ray.yaml', import.meta.url), 'utf8')

interface Series {
  metric: Record<string, string>
  value: [number, string]
}

describe.skipIf(!requireCommands(['prometheus', 'promtool']))('Prometheus by our configuration', () => {
  let folder: PrivateFolder
  let announcer: Server
  let configuration: string
  const keys = new Set<string | undefined>()

  // What it is told, in the form of Prometheus' own HTTP discovery: two nodes behind one address.
  function announce(path: string, host: string): string {
    if (path !== '/v1/ray/metrics-targets') return `ray_node_cpu_count{ip="10.0.0.${path.at(-1)}"} 3\n`
    const paths = ['0', '1'].map((node) => `/v1/ray/clusters/local-1/metrics/${node}`)
    return JSON.stringify(paths.map((one) => ({ targets: [host], labels: { __metrics_path__: one, cluster: 'local-1' } })))
  }

  beforeAll(async () => {
    folder = await makePrivateFolder('prometheus')
    announcer = createServer(({ url = '', headers }, response) => {
      keys.add(headers.authorization)
      const type = url.endsWith('targets') ? 'application/json' : 'text/plain; version=0.0.4'
      response.writeHead(200, { 'content-type': type }).end(announce(url, headers.host ?? ''))
    }).listen(0, '127.0.0.1')
    await until(() => announcer.listening)
    const keyFile = join(folder.path, 'key')
    await writeFile(keyFile, 'key-with-the-scope-read\n')
    configuration = join(folder.path, 'prometheus.yaml')
    const { port } = announcer.address() as AddressInfo
    const settings = shipped.replaceAll('/etc/prometheus/lautta-api-key', keyFile).replace('127.0.0.1:7600', `127.0.0.1:${port}`)
    await writeFile(configuration, `global: { scrape_interval: 1s }\n${settings}`)
  })
  afterAll(async () => {
    announcer?.closeAllConnections()
    announcer?.close()
    await folder?.remove()
  })

  it('is well-formed', async () => {
    expect(await outputOf(['promtool', 'check', 'config', configuration])).toContain('SUCCESS')
  })

  it('asks for the nodes and their metrics with a key, and tells nodes of one cluster apart', async () => {
    const { child, port } = await onFreePort(launch)
    const found = await child.until(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=ray_node_cpu_count`)
      const { data } = (await answer.json()) as { data: { result: Series[] } }
      return data.result.length === 2 ? data.result : undefined
    })
    await child.kill()
    expect(found.map(({ metric }) => metric).sort((one, other) => (one.ip ?? '').localeCompare(other.ip ?? ''))).toEqual(
      ['0', '1'].map((node) => ({
        __name__: 'ray_node_cpu_count',
        job: 'ray',
        cluster: 'local-1',
        instance: `local-1/${node}`,
        ip: `10.0.0.${node}`
      }))
    )
    expect(keys).toEqual(new Set(['Bearer key-with-the-scope-read']))
  })

  async function launch(port: number): Promise<{ child: Child; port: number }> {
    const data = `--storage.tsdb.path=${join(folder.path, 'data')}`
    const settings = [`--config.file=${configuration}`, data, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn']
    const child = await startChild(['prometheus', ...settings], join(folder.path, 'log'))
    await child.until(() =>
      fetch(`http://127.0.0.1:${port}/-/ready`).then(
        ({ ok }) => ok || undefined,
        () => undefined
      )
    )
    return { child, port }
  }
})
