import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Child, startChild } from '../servers/child.ts'
import { onFreePort } from '../servers/on-free-port.ts'
import { makePrivateFolder, type PrivateFolder } from '../servers/private-folder.ts'
import { type RayServer, rayCommands, startRay } from '../servers/ray.ts'
import { requireCommands } from '../servers/require-server.ts'
import { outputOf } from '../servers/run.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'

const shipped = await readFile(new URL('../../deploy/prometheus/ray.yaml', import.meta.url), 'utf8')

interface Series {
  metric: Record<string, string>
  value: [number, string]
}

describe.skipIf(!requireCommands(['prometheus', 'promtool', ...rayCommands]))('Prometheus by our configuration', () => {
  let folder: PrivateFolder
  let ray: RayServer
  let lautta: Standalone
  let configuration: string

  beforeAll(async () => {
    folder = await makePrivateFolder('prometheus')
    ray = await startRay({ workers: 1, cpus: 1 })
    const cluster = { dashboard: ray.dashboard, metrics: [...ray.metrics], 'token-file': ray.tokenFile }
    lautta = await startStandalone({ 'ray-clusters': { 'local-1': cluster } })
    configuration = join(folder.path, 'prometheus.yaml')
    const keyFile = join(lautta.folder, 'data/api-key')
    const { json } = await lautta.orders.ask('/v1/ray/metrics-targets')
    const settings = shipped.replaceAll('/etc/prometheus/lautta-api-key', keyFile).replace('127.0.0.1:7600', json[0].targets[0])
    await writeFile(configuration, `global: { scrape_interval: 2s }\n${settings}`)
  })
  afterAll(async () => {
    await lautta?.stop()
    await ray?.stop()
    await folder?.remove()
  })

  it('is well-formed', async () => {
    expect(await outputOf(['promtool', 'check', 'config', configuration])).toContain('SUCCESS')
  })

  it('takes the metrics of each node of a cluster through Lautta, tells the nodes apart, and sees one that is gone', async () => {
    const { child, port } = await onFreePort(launch)
    const instances = (metric: string, tell: (series: Series) => string | undefined) =>
      expect.poll(() => tellByInstance(port, metric, tell), { timeout: 60_000, interval: 100 })
    try {
      const isHead = ({ metric }: Series) => metric.IsHeadNode
      await instances('ray_node_cpu_count', isHead).toEqual({ 'local-1/0': 'true', 'local-1/1': 'false' })
      const isUp = ({ value }: Series) => value[1]
      await instances('up', isUp).toEqual({ 'local-1/0': '1', 'local-1/1': '1' })
      await ray.killWorker(0)
      await instances('up', isUp).toEqual({ 'local-1/0': '1', 'local-1/1': '0' })
    } finally {
      await child.kill()
    }
    const { status, json } = await lautta.orders.ask('/v1/ray/clusters/local-1/metrics/1')
    expect([status, json.detail]).toEqual([503, expect.stringMatching(/^metrics of node 1 of local-1 does not answer: /)])
  })

  async function tellByInstance(port: number, metric: string, tell: (series: Series) => string | undefined) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${metric}{job="ray",cluster="local-1"}`)
    const { data } = (await answer.json()) as { data: { result: Series[] } }
    return Object.fromEntries(data.result.map((series) => [series.metric.instance, tell(series)]))
  }

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
