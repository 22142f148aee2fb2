import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLocalShell } from '../src/local/local-shell.ts'
import { findServiceInJob, findServiceOf } from '../src/ray/find-ray-service.ts'
import { remoteForward } from './remote-forward.ts'

const nodes = ['n1', 'n2'].map((address, index) => ({ address, port: 8500 + index }))
const metrics = (node: number) => ({ service: 'metrics' as const, node })

describe('a service of a Ray cluster in a job', () => {
  const home = mkdtempSync(join(tmpdir(), 'ray-service-'))
  const shell = createLocalShell({ PATH: process.env.PATH ?? '', HOME: home }, home)
  beforeAll(() => {
    const ports = { dashboard: 1, client: 2, gcs: 3, serve: 4 }
    const versions = { 'ray-version': '2.60.0', 'python-version': '3.11.7', 'started-at': '2026-11-20T12:00:00.000Z' }
    const near = { dashboard: 8401, client: 8402, serve: 8450 }
    const told = {
      schema: 1,
      'head-address': 'n1',
      ports,
      metrics: nodes,
      nodes: [],
      token: 't',
      session: 's',
      ...versions,
      near
    }
    mkdirSync(join(home, '.lautta/ray/7'), { recursive: true })
    writeFileSync(join(home, '.lautta/ray/7/cluster.json'), JSON.stringify(told))
  })
  afterAll(() => rmSync(home, { recursive: true }))

  it('is on its head, and metrics are on each node', async () => {
    const find = (service: Parameters<typeof findServiceInJob>[2]) =>
      findServiceInJob({ shell, remoteForward: null }, '7', service)
    expect(await find({ service: 'serve', node: 0 })).toEqual({ host: 'n1', port: 4 })
    expect(await find(metrics(1))).toEqual({ host: 'n2', port: 8501 })
    await expect(find(metrics(2))).rejects.toThrow('the Ray cluster of job 7 tells no metrics of node 2')
    expect(await findServiceInJob({ shell, remoteForward: null }, '8', metrics(0))).toBeNull()
  })
  it('is on our machine where it was brought there, except metrics', async () => {
    const find = (service: Parameters<typeof findServiceInJob>[2]) => findServiceInJob({ shell, remoteForward }, '7', service)
    expect(await find({ service: 'serve', node: 0 })).toEqual({ host: '127.0.0.1', port: 8450 })
    await expect(find(metrics(0))).rejects.toThrow('does not bring its metrics')
  })
})

describe('a service of a Ray cluster of the configuration', () => {
  const settings = { dashboard: 'http://n1:8265', client: null, serve: null, tokenFile: null }
  it('is where the configuration says, of metrics for each node', () => {
    const found = (node: number) =>
      findServiceOf('c', { ...settings, metrics: ['http://n1:1', 'http://[::1]', 'https://n3'] }, metrics(node))
    expect([found(0), found(1)]).toEqual([
      { host: 'n1', port: 1 },
      { host: '::1', port: 80 }
    ])
    expect(() => found(2)).toThrow('metrics of node 2 of the Ray cluster c can not be forwarded: it speaks TLS')
    expect(() => found(3)).toThrow('the configuration tells no metrics of node 3 of the Ray cluster c')
  })
})
