import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../servers/free-port.ts'
import { createOrderClient } from './order-client.ts'
import { createRestClient } from './rest-client.ts'
import { type ServiceProcess, startService } from './start-service.ts'

/** Lautta as `npm start` runs it, over a data directory that outlives it. */
export interface Standalone {
  folder: string
  process: ServiceProcess
  url: string
  /** The header by which the user is known. */
  authorization: { authorization: string }
  orders: ReturnType<typeof createOrderClient>
  /** Starts one on the same data directory, after the one before has ended. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** `settings` is what stands in lautta.yaml. */
export async function startStandalone(
  settings: {
    users?: { 'api-key': string }[]
    store?: object
    'ray-clusters'?: object
    forwards?: object
    'tables-seconds'?: number
  } = {}
): Promise<Standalone> {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-standalone-'))
  const port = await freePort()
  // YAML reads JSON.
  await writeFile(join(folder, 'lautta.yaml'), JSON.stringify(settings))
  const environment = {
    LAUTTA_CONFIG: join(folder, 'lautta.yaml'),
    LAUTTA_DATA_DIR: join(folder, 'data'),
    LAUTTA_PORT: String(port),
    LAUTTA_PROXY_PORT: '0'
  }
  const start = () => startService('standalone', environment, folder)
  const first = await start()
  const apiKey = (settings.users?.[0]?.['api-key'] ?? (await readFile(join(folder, 'data/api-key'), 'utf8'))).trim()
  const url = `http://127.0.0.1:${port}`
  const standalone: Standalone = {
    folder,
    process: first,
    url,
    authorization: { authorization: `Bearer ${apiKey}` },
    orders: createOrderClient(createRestClient(url, apiKey)),
    async restart() {
      standalone.process = await start()
    },
    async stop() {
      await standalone.process.end()
      await rm(folder, { recursive: true })
    }
  }
  return standalone
}
