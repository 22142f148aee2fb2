import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePort } from './free-port.ts'
import { inOwnProcess } from './own-process.ts'
import { namespacesNaming, processesInNamespace, processesNaming } from './processes.ts'
import { requireCommands } from './require-server.ts'
import { slurmCommands, startSlurm } from './slurm.ts'

vi.mock('./free-port.ts', { spy: true })

const patience = { timeout: 20_000, interval: 20 }
const releases = (['22.05', '24.11'] as const).filter((release) => requireCommands(slurmCommands(release)))
const nobody = 65_534

describe.skipIf(!requireCommands(slurmCommands()))('the end of the test SLURM', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'test-'))
  })

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  const directories = async () => (await readdir(folder)).filter((name) => name.startsWith('slurm-'))

  const nothingIsLeft = (namespaces: string[]) =>
    vi.waitFor(async () => {
      expect(namespaces.flatMap(processesInNamespace)).toEqual([])
      expect(processesNaming(folder)).toEqual([])
      expect(await directories()).toEqual([])
    }, patience)

  it.each(releases)(
    'comes when the test process is killed, whatever its jobs do (%s)',
    async (release) => {
      const code = `import { startSlurm } from './slurm.ts'
      const slurm = await startSlurm({ release: '${release}' })
      await slurm.exec(['sbatch', '--wrap', 'setsid env -i sleep 1000 & sleep 1000'])
      const escaped = () => slurm.exec(['pgrep', '-f', '^sleep 1000'])
      while ((await escaped()).stdout.split('\\n').length < 3);
      console.log((await slurm.exec(['readlink', '/proc/self/ns/pid'])).stdout)
      setInterval(() => {}, 1000)`
      const { child, lines } = inOwnProcess(code, { TMPDIR: folder })
      const { value: namespace } = await lines.next()
      expect(processesInNamespace(namespace).length).toBeGreaterThanOrEqual(10)
      child.kill('SIGKILL')
      await nothingIsLeft([namespace])
    },
    60_000
  )

  it.each(['first', 'cluster/run/munged', 'cluster/run/slurmctld'])(
    'comes when the test process is killed as soon as %s is there',
    async (file) => {
      const code = `import { startSlurm } from './slurm.ts'; await startSlurm()`
      const { child } = inOwnProcess(code, { TMPDIR: folder })
      const path = async () => join(folder, ...(await directories()), file)
      await vi.waitFor(async () => expect(existsSync(await path())).toBe(true), patience)
      const namespaces = namespacesNaming(folder)
      expect(namespaces).toHaveLength(1)
      child.kill('SIGKILL')
      await nothingIsLeft(namespaces)
    },
    60_000
  )

  it.runIf(process.getuid?.() === 0)(
    'comes for a plain user, too, also when only the script is killed',
    async () => {
      const slurm = await startSlurm({ uid: nobody })
      const argv = ['srun', '--partition=medium', '--nodes=2', 'sh', '-c', 'echo $(id -un) $(hostname)']
      expect((await slurm.exec(argv)).stdout.split('\n').sort()).toEqual(['', 'csc puhti-n1', 'csc puhti-n2'])
      const { stdout } = await slurm.exec(['readlink', '/proc/self/ns/pid'])
      const namespace = stdout.trim()
      expect(processesInNamespace(namespace).length).toBeGreaterThanOrEqual(10)
      const [script = 0] = processesNaming(slurm.directory)
      process.kill(script, 'SIGKILL')
      await vi.waitFor(() => expect(processesInNamespace(namespace)).toEqual([]), patience)
      await slurm.stop()
      expect(processesNaming(slurm.directory)).toEqual([])
      expect(existsSync(slurm.directory)).toBe(false)
    },
    60_000
  )

  it.runIf(process.getuid?.() === 0)('is told, and why, when a plain user wants another system than the host’s', async () => {
    await expect(startSlurm({ uid: nobody, release: '24.11' })).rejects.toThrow(/only root may enter another root file system/)
  })

  it('comes at once when a port is taken meanwhile, and other ports are tried', async () => {
    const taken = await freePort(6)
    const server = createServer().listen(taken + 1, '127.0.0.1')
    vi.mocked(freePort).mockResolvedValueOnce(taken)
    const slurm = await startSlurm()
    expect(slurm.port).not.toBe(taken + 3)
    await slurm.stop()
    server.close()
  }, 60_000)
})
