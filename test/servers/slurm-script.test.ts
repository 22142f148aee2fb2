import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePort } from './free-port.ts'
import { isAlive, namespacesNaming, processesInNamespace, processesNaming } from './processes.ts'
import { requireCommands } from './require-server.ts'
import { asUser, run } from './run.ts'
import { slurmCommands } from './slurm.ts'
import { publishScript, sandboxScript } from './slurm-sandbox.ts'

const patience = { timeout: 20_000, interval: 20 }
const root = process.getuid?.() === 0

describe.skipIf(!requireCommands(slurmCommands()))('the sandbox script', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'test-'))
  })

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true })
    await rm(`${directory}.scripts`, { recursive: true, force: true })
  })

  it('keeps jobs and accounting for the next start when it is stopped in order', async () => {
    const start = async () => {
      const args = ['start', directory, '--base-port', `${await freePort(6)}`]
      const child = spawn(sandboxScript, args, { stdio: ['pipe', 'pipe', 'ignore'] })
      const { value } = await createInterface(child.stdout)[Symbol.asyncIterator]().next()
      expect(value).toMatch(/^ready: ssh /)
      return { ended: once(child, 'exit') }
    }
    const inside = async (...argv: string[]) => (await run([sandboxScript, 'exec', directory, ...argv])).stdout.trim()
    const accounted = async () => expect(await inside('sacct', '-nXP', '-ostate')).toBe('COMPLETED')

    const first = await start()
    await inside('sh', '-c', 'sbatch --wait --wrap true; sbatch --hold --wrap true')
    await vi.waitFor(accounted, patience)
    expect(await run([sandboxScript, 'stop', directory])).toMatchObject({ stderr: '', exitCode: 0 })
    expect(await first.ended).toEqual([0, null])

    const second = await start()
    await accounted()
    expect(await inside('squeue', '-h', '-o%r')).toBe('JobHeldUser')
    expect(await run([sandboxScript, 'start', directory, '--base-port', '1'])).toMatchObject({ exitCode: 1 })
    expect(await run([sandboxScript, 'stop', directory, '--kill'])).toMatchObject({ exitCode: 0 })
    await second.ended
    expect(processesNaming(directory)).toEqual([])
  }, 60_000)

  it.each(root ? [0, 65_534] : [undefined])(
    'takes all along when it is killed and its input stays open (user %s)',
    async (uid) => {
      const own = uid === undefined ? sandboxScript : await publishScript(`${directory}.scripts`)
      if (uid !== undefined) await chown(directory, uid, uid)
      const args = ['start', directory, '--base-port', `${await freePort(6)}`]
      // Somebody else holds the other end: Node would close its own with the child.
      const holder = spawn('sleep', ['60'], { stdio: ['ignore', 'pipe', 'ignore'] })
      const script = spawn(own, args, { stdio: [holder.stdout, 'ignore', 'ignore'], ...asUser(uid) })
      await vi.waitFor(() => expect(existsSync(join(directory, 'cluster/run/mariadbd'))).toBe(true), patience)
      const namespaces = namespacesNaming(directory)
      expect(namespaces).toHaveLength(1)
      script.kill('SIGKILL')
      await vi.waitFor(() => expect(namespaces.flatMap(processesInNamespace)).toEqual([]), patience)
      expect(isAlive(holder.pid ?? 0)).toBe(true)
      holder.kill()
      expect(await run([own, 'stop', directory], { uid })).toEqual({ stdout: '', stderr: '', exitCode: 0 })
    },
    60_000
  )
})
