import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../servers/free-port.ts'
import { processesNaming } from '../servers/processes.ts'
import { runPython } from '../support/python.ts'
import { createRestClient } from '../support/rest-client.ts'
import { until } from '../support/until.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-npm-'))
})
afterAll(async () => {
  for (const pid of processesNaming(folder)) process.kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true })
})

interface Command {
  child: ChildProcess
  output(): string
  /** Its exit code, when everything that it started has closed its output. */
  ended: Promise<number | null>
}

/** Runs a command in the checkout, with a data directory by whose name all its processes are found. */
function run(data: string, argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Command {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    cwd: checkout,
    env: { ...process.env, LAUTTA_DATA_DIR: join(folder, data), ...environment },
    stdio: ['pipe', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { child, output: () => output, ended: once(child, 'close').then(([code]) => code as number | null) }
}
/** As typed into a terminal. */
const inTerminal = (command: string) => ['script', '--quiet', '--return', '--flush', '--command', command, '/dev/null']
const runsOnScreen = async ({ output }: Command) => until(() => output().includes('part 1 of 8'))
const nothingRuns = async (data: string) => until(() => processesNaming(join(folder, data)).length === 0)

describe('npm run demo', () => {
  it.each(['first', 'second'])('shows a job from the order to its tables, the %s time', async (time) => {
    const demo = run('demo', ['npm', 'run', 'demo'])
    expect(await demo.ended, demo.output()).toBe(0)
    const shown = demo.output()
    expect(shown).toMatch(/preparing.*submitting.*queued.*running.*part 1 of 8.*part 8 of 8.*finishing.*finished/s)
    expect(shown).toMatch(time === 'first' ? /Job 1: completed, exit code 0/ : /Job 2: completed, exit code 0/)
    for (const table of ['SACCT', 'LOGS', 'TIMES', 'USAGE']) expect(shown).toContain(table)
    expect(shown).not.toMatch(/undefined|NaN/)
    const [logs] = /\S+\/LOGS\/\S+\.parquet/.exec(shown) ?? []
    const readRows = 'import sys, json, pandas\nprint(json.dumps(pandas.read_parquet(sys.argv[1])["rows"].tolist()))'
    const rows = (await runPython(readRows, join(checkout, logs ?? ''))) as string[]
    expect(rows.at(-1)).toMatch(/part 8 of 8: after 24000000 terms π ≈ 3\.14159261/)
    await nothingRuns('demo')
  })

  it('leaves nothing running after Ctrl-C, and has stopped its order', async () => {
    const demo = run('interrupted', inTerminal('npm run demo'))
    await runsOnScreen(demo)
    demo.child.stdin?.write('\x03')
    await demo.ended
    await nothingRuns('interrupted')
    expect(demo.output()).not.toMatch(/Error|ECONN/)
    const bucket = join(folder, 'interrupted-demo/store/mlch-sub-air-local/MANAGEMENT')
    const [status] = (await readdir(bucket, { recursive: true })).filter((name) => /^[^.][^/]*\/local\.json$/.test(name))
    expect(JSON.parse(await readFile(join(bucket, status ?? ''), 'utf8')).jobs[0].state).toMatchObject({
      kind: 'finished',
      outcome: 'cancelled'
    })
  })

  it('leaves nothing running when npm is killed', async () => {
    const demo = run('killed', ['npm', 'run', 'demo'])
    await runsOnScreen(demo)
    demo.child.kill('SIGKILL')
    await nothingRuns('killed')
  })
})

describe('npm start', () => {
  it('says where the API and its key are, answers, and ends with npm, leaving nothing', async () => {
    const port = await freePort()
    const start = run('start', ['npm', 'start'], { LAUTTA_PORT: String(port), LAUTTA_PROXY_PORT: '0' })
    await until(() => start.output().includes('is ready'))
    const [, keyFile = ''] = /API key +(\S+)/.exec(start.output()) ?? []
    const ask = createRestClient(`http://127.0.0.1:${port}`, (await readFile(keyFile, 'utf8')).trim())
    expect((await ask('/v1/me')).json).toMatchObject({ name: 'local', slug: 'local' })
    expect((await ask('/health/ready')).status).toBe(200)
    start.child.kill('SIGTERM')
    await start.ended
    await nothingRuns('start')
  })

  it('names every wrong setting at once', async () => {
    const start = run('wrong', ['npm', 'start'], { LAUTTA_PORT: 'x', LAUTTA_LOG_LEVEL: 'loud' })
    expect(await start.ended).toBe(2)
    expect(start.output()).toMatch(/LAUTTA_PORT.*LAUTTA_LOG_LEVEL|LAUTTA_LOG_LEVEL.*LAUTTA_PORT/s)
  })
})
