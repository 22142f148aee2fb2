import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { until } from './until.ts'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** A service in a process of its own. */
export interface ServiceProcess {
  readonly pid: number
  /** What it printed until now. */
  output(): string
  /** Signals it, and waits until it has ended. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a service as its image does, and waits until it says that it is ready. It ends with this process. */
export async function startService(
  name: 'forwarder' | 'submitter' | 'monitor' | 'standalone',
  environment: NodeJS.ProcessEnv,
  cwd = process.cwd()
): Promise<ServiceProcess> {
  const main = fileURLToPath(new URL(`../../services/${name}/src/main.ts`, import.meta.url))
  const kept = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('LAUTTA_')))
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, '--import', tsx, main], {
    ...{ cwd, env: { ...kept, ...environment } },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  await until(() => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended at once:\n${output}`)
    return /is ready/.test(output)
  })
  return {
    pid: child.pid ?? 0,
    output: () => output,
    end(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    }
  }
}
