import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Benchmark, Turn } from './benchmark.ts'

/** How long it takes until a command says that it is ready, in seconds; then it is ended. */
async function measureReady(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<Turn> {
  const [program = '', ...args] = argv
  const beganAt = performance.now()
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  let output = ''
  const seconds = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (/is ready/.test(output)) resolve((performance.now() - beganAt) / 1000)
    })
    child.once('close', () => reject(new Error(`${argv.join(' ')} ended at once:\n${output}`)))
  })
  child.kill('SIGTERM')
  await closed
  return { figure: seconds, errors: 0 }
}

const doNothing = 'console.log("is ready"); setTimeout(() => {}, 60_000)'

/** `npm start` until it is ready, beside npm and Node doing nothing, than which nothing under npm can be faster. */
export const startUp: Benchmark = {
  name: 'start-up',
  prepare: async () => ({
    comparisons: [
      {
        title: 'until it is ready',
        unit: 's',
        reference: 'npm and Node doing nothing',
        peers: {
          'npm start': async () => {
            const folder = await mkdtemp(join(tmpdir(), 'lautta-bench-'))
            try {
              return await measureReady(['npm', 'start'], { LAUTTA_DATA_DIR: join(folder, 'data'), LAUTTA_PORT: '0' })
            } finally {
              await rm(folder, { recursive: true })
            }
          },
          'npm and Node doing nothing': () => measureReady(['npm', 'exec', '--call', `exec node -e '${doNothing}'`], {})
        }
      }
    ],
    close: async () => {}
  })
}
