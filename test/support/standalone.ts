import { mkdtemp, readFile, rm } from 'node:fs/promises'
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
  orders: ReturnType<typeof createOrderClient>
  /** Starts one on the same data directory, after the one before has ended. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startStandalone(): Promise<Standalone> {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-standalone-'))
  const port = await freePort()
  const start = () => startService('standalone', { LAUTTA_DATA_DIR: join(folder, 'data'), LAUTTA_PORT: String(port) }, folder)
  const first = await start()
  const apiKey = await readFile(join(folder, 'data/api-key'), 'utf8')
  const standalone: Standalone = {
    folder,
    process: first,
    orders: createOrderClient(createRestClient(`http://127.0.0.1:${port}`, apiKey.trim())),
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
