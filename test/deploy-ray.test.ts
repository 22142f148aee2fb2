import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configFileSchema } from '../packages/runtime/src/config-schema.ts'
import { composeFiles, kubeRayFiles, readCompose, readKubeRayValues } from './support/ray-deployments.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const readme = read('deploy/ray/README.md')
const [, testedVersion] = /^ray\[.*\]==(.+)$/m.exec(read('test/servers/ray/requirements.txt')) ?? []

/** Every field of a document, with dots between; those of all entries of a list together. */
function fieldsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => fieldsOf(entry, path))
  if (value === null || typeof value !== 'object') return [path]
  return Object.entries(value).flatMap(([key, inner]) => fieldsOf(inner, `${path}.${key.replaceAll('.', '_')}`))
}
const differentFieldsOf = (value: unknown) => [...new Set(fieldsOf(value))].map((path) => path.slice(1)).sort()

describe.each(composeFiles)('%s', (name) => {
  const compose = readCompose(name)
  const { 'ray-head': head, 'ray-worker': worker } = compose.services

  it('has the fields of the Compose Specification that it means', () => {
    const shared = ['image', 'init', 'restart', 'shm_size', 'secrets', 'command', 'ports', 'deploy.resources.limits.cpus']
    const ofNodes = [
      ...shared,
      'deploy.resources.limits.memory',
      ...Object.keys(head.environment).map((key) => `environment.${key}`)
    ]
    const devices = ['driver', 'count', 'capabilities'].map((key) => `deploy.resources.reservations.devices.${key}`)
    const checks = ['test', 'interval', 'timeout', 'start_period'].map((key) => `healthcheck.${key}`)
    expect(differentFieldsOf(head)).toEqual([...ofNodes, ...checks, 'networks.study_network.ipv4_address'].sort())
    const ofWorker = ['networks', 'depends_on.ray-head.condition', ...(name.startsWith('gpu') ? devices : [])]
    expect(differentFieldsOf(worker)).toEqual([...ofNodes, ...ofWorker].sort())
    expect(Object.keys(compose).sort()).toEqual(['networks', 'secrets', 'services', 'x-ray'])
  })

  it('asks for a token on both nodes, and lets nobody in but from the machine itself', () => {
    for (const { environment, ports } of [head, worker]) {
      expect(environment).toMatchObject({ RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN_PATH: '/run/secrets/ray-token' })
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/)
    }
    expect(compose.secrets).toEqual({ 'ray-token': { file: './ray-token' } })
  })

  it('opens the ports that its commands listen on, and Serve’s', () => {
    const portsOf = (command: readonly string[]) =>
      command.flatMap((word) => /^--(?:dashboard-port|ray-client-server-port|metrics-export-port)=(\d+)$/.exec(word)?.[1] ?? [])
    const opened = [head, worker].map(({ ports }) => ports.map((port) => port.split(':')[1]))
    expect(opened).toEqual([[...portsOf(head.command), '8350'], portsOf(worker.command)])
  })

  it('runs the Ray that Lautta is tested with, the same on both nodes', () => {
    expect(head.image).toBe(worker.image)
    expect(head.image).toMatch(new RegExp(`^rayproject/ray:${testedVersion}-py312-(cpu|cu128)$`))
  })
})

describe.each(kubeRayFiles)('%s', (name) => {
  const values = readKubeRayValues(name)

  it('has the fields that the templates of the chart read', () => {
    const amounts = ['cpu', 'memory', ...(name.startsWith('gpu') ? ['nvshare_com/gpu'] : [])]
    const group = [
      ...['prometheus_io/scrape', 'prometheus_io/port'].map((key) => `annotations.${key}`),
      ...amounts.flatMap((key) => [`resources.limits.${key}`, `resources.requests.${key}`]),
      ...['volumes.name', 'volumeMounts.name', 'volumeMounts.mountPath']
    ]
    const head = [...group, 'rayVersion', 'rayStartParams.dashboard-host'].map((key) => `head.${key}`)
    const worker = [...group, 'groupName', 'replicas', 'minReplicas', 'maxReplicas'].map((key) => `worker.${key}`)
    const secret = ['name', 'key'].map((key) => `valueFrom.secretKeyRef.${key}`)
    const common = ['name', 'value', ...secret].map((key) => `common.containerEnv.${key}`)
    const image = ['repository', 'tag', 'pullPolicy'].map((key) => `image.${key}`)
    expect(differentFieldsOf(values)).toEqual([...image, ...common, ...head, ...worker].sort())
  })

  it('asks for a token, and runs the Ray that Lautta is tested with', () => {
    expect(values.common.containerEnv).toContainEqual({ name: 'RAY_AUTH_MODE', value: 'token' })
    expect(values.common.containerEnv.map((variable) => variable.name)).toContain('RAY_AUTH_TOKEN')
    expect(values.image.tag).toMatch(new RegExp(`^${testedVersion}-py312-(cpu|gpu)$`))
    expect(values.head.rayVersion).toBe(testedVersion)
  })
})

describe('the guide to them', () => {
  const blocks = [...readme.matchAll(/```(\S+)\n([\s\S]*?)```/g)].map(([, language, text]) => ({ language, text: text ?? '' }))

  it('names every file, and configures the ports that they open', () => {
    for (const name of [...composeFiles, ...kubeRayFiles]) expect(readme).toContain(name)
    const configurations = blocks.filter(({ language }) => language === 'yaml').map(({ text }) => parse(text))
    expect(configurations.map((one) => configFileSchema.safeParse(one).error)).toEqual([undefined, undefined])
    const [compose] = configurations
    const { services } = readCompose('cpu-ray-cluster.yaml')
    const at = Object.values(services).flatMap(({ ports }) => ports.map((port) => port.split(':')[1]))
    const addresses = {
      dashboard: `http://127.0.0.1:${at[0]}`,
      client: `ray://127.0.0.1:${at[1]}`,
      serve: `http://127.0.0.1:${at[3]}`,
      metrics: [`http://127.0.0.1:${at[2]}`, `http://127.0.0.1:${at[4]}`]
    }
    expect(compose['ray-clusters']).toEqual({ 'local-1': { ...addresses, 'token-file': 'ray-token' } })
    expect(parse(read('lautta.example.yaml'))['ray-clusters']['local-1']).toMatchObject(addresses)
  })

  it('brings those ports through the tunnel of a laptop', () => {
    const tunnel = blocks.find(({ text }) => text.includes('RemoteForward'))?.text ?? ''
    const forwards = [...tunnel.matchAll(/RemoteForward 127\.0\.0\.1:(\d+) 127\.0\.0\.1:(\d+)/g)].map(([, there, here]) => [
      there,
      here
    ])
    expect(forwards.map(([, here]) => here)).toEqual(['8265', '10001', '8500', '8501', '8350'])
    for (const [there] of forwards) expect(readme).toContain(`permitlisten="127.0.0.1:${there}"`)
  })
})
