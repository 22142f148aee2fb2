import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClusterSilentError } from '@lautta/core/errors'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLocalShell } from '../src/local/local-shell.ts'
import { createClustersInJobs } from '../src/ray/clusters-in-jobs.ts'

const home = mkdtempSync(join(tmpdir(), 'clusters-'))
let connections = 0
const broken = createServer((socket) => {
  connections++
  socket.resetAndDestroy()
}).listen(0, '127.0.0.1')
const shell = createLocalShell({ PATH: process.env.PATH ?? '', HOME: home }, home)
const clusters = createClustersInJobs({ shell, remoteForward: null })
beforeAll(async () => {
  if (!broken.listening) await once(broken, 'listening')
})
afterAll(async () => {
  await clusters.close()
  broken.close()
  rmSync(home, { recursive: true })
})

const describeOf = (id: string) => clusters.ask(id, ({ cluster }) => cluster.describe())

it('a cluster that has not formed is looked for each time; one that was silent is left in peace for a while', async () => {
  await expect(describeOf('7')).rejects.toThrow(/has not formed yet/)
  const { port } = broken.address() as AddressInfo
  const folder = join(home, '.lautta/ray/7')
  mkdirSync(folder, { recursive: true })
  const ports = { dashboard: port, client: 1, gcs: 1, serve: 1 }
  const versions = { 'ray-version': '2.60.0', 'python-version': '3.11.7' }
  const cluster = { schema: 1, 'head-address': '127.0.0.1', ports, metrics: [], ...versions, nodes: [], token: 't', session: 's' }
  writeFileSync(join(folder, 'cluster.json'), JSON.stringify({ ...cluster, 'started-at': '2026-11-20T12:00:00.000Z' }))
  await expect(describeOf('7')).rejects.toThrow(ClusterSilentError)
  const asked = connections
  expect(asked).toBeGreaterThan(0)
  await expect(describeOf('7')).rejects.toThrow(ClusterSilentError)
  expect(connections).toBe(asked)
})
