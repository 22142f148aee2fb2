import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { hostState } from './host-state.ts'
import { processesInNamespace, processesNaming } from './processes.ts'
import { requireCommands } from './require-server.ts'
import { type SlurmServer, slurmCommands, startSlurm } from './slurm.ts'
import type { SlurmRelease } from './slurm-sandbox.ts'
import { ssh } from './ssh.ts'

const patience = { timeout: 30_000, interval: 50 }

for (const release of ['22.05', '24.11'] as const) {
  describe.skipIf(!requireCommands(slurmCommands(release)))(`the test SLURM ${release}`, () => describeSlurm(release))
}

function describeSlurm(release: SlurmRelease): void {
  let before: unknown
  let puhti: SlurmServer
  let mahti: SlurmServer

  beforeAll(async () => {
    before = hostState()
    ;[puhti, mahti] = await Promise.all([startSlurm({ release }), startSlurm({ name: 'mahti', release })])
  }, 60_000)

  afterAll(async () => {
    await Promise.all([puhti?.stop(), mahti?.stop()])
  })

  async function answer(server: SlurmServer, ...argv: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await server.exec(argv)
    expect({ argv, stderr, exitCode }).toMatchObject({ exitCode: 0 })
    return stdout.trim()
  }

  it('runs a job of csc on both nodes and accounts for it', async () => {
    const script = '#!/bin/bash\nsrun sh -c \'echo "$(id -un) $(hostname) $(hostname --ip-address)"\'\n'
    const argv = ['sbatch', '--parsable', '--wait', '--partition=medium', '--nodes=2']
    const { stdout: id } = await puhti.exec(argv, { stdin: script })
    const output = await answer(puhti, 'cat', `slurm-${id.trim()}.out`)
    expect(output.split('\n').sort()).toEqual(['csc puhti-n1 127.0.1.1', 'csc puhti-n2 127.0.1.2'])
    const sacct = ['sacct', '-X', '-n', '-P', `-j${id.trim()}`, '-o', 'State,NodeList,User,Account']
    const row = 'COMPLETED|puhti-n[1-2]|csc|project_2001234'
    await vi.waitFor(async () => expect(await answer(puhti, ...sacct)).toBe(row), patience)
  }, 60_000)

  it('is of its release', async () => {
    expect(await answer(puhti, 'sinfo', '--version')).toContain(`slurm-wlm ${release}.`)
  })

  it('has the partitions and the folders of the platform', async () => {
    expect(await answer(puhti, 'sinfo', '-h', '-o', '%P %D')).toBe('small* 2\nmedium 2\ntest 1\ngpu 1\nspare 1')
    expect(await answer(puhti, 'sh', '-c', 'pwd; touch /projappl/project_2001234/x /scratch/project_2001234/x')).toBe(
      '/users/csc'
    )
  })

  it('lets csc log in with the given key and host keys only', async () => {
    expect(await ssh(puhti, 'echo $0; squeue --me -h; hostname')).toMatchObject({
      stdout: 'bash\npuhti-login1\n',
      exitCode: 0
    })
    expect(await ssh({ ...puhti, hostKeys: mahti.hostKeys }, 'true')).toMatchObject({ exitCode: 255 })
    expect(await ssh({ ...puhti, privateKeyFile: mahti.privateKeyFile }, 'true')).toMatchObject({
      exitCode: 255
    })
  })

  it('keeps two clusters apart', async () => {
    expect(await answer(mahti, 'sinfo', '-h', '-N', '-p', 'medium', '-o', '%N')).toBe('mahti-n1\nmahti-n2')
    await answer(mahti, 'sbatch', '--hold', '--job-name=only-mahti', '--wrap=true')
    expect(await answer(mahti, 'squeue', '-h', '-o', '%j')).toBe('only-mahti')
    expect(await answer(puhti, 'squeue', '-h', '-o', '%j')).toBe('')
  })

  it('shows its files to the host, and nothing else', async () => {
    await puhti.exec(['tee', '/users/csc/greeting'], { stdin: 'hei' })
    expect(await readFile(puhti.hostPath('/users/csc/greeting'), 'utf8')).toBe('hei')
    expect(() => puhti.hostPath('/etc/passwd')).toThrow('not seen from the host')
  })

  it('tells how a command ended, and runs one as root', async () => {
    expect(await puhti.exec(['sh', '-c', 'echo no >&2; exit 3'])).toEqual({ stdout: '', stderr: 'no\n', exitCode: 3 })
    expect(await puhti.exec(['id', '-un'], { as: 'root' })).toMatchObject({ stdout: 'root\n' })
    expect((await puhti.exec(['touch', '/usr/x'], { as: 'root' })).stderr).toContain('Read-only file system')
  })

  it('freezes and continues a daemon', async () => {
    const state = ['ps', '-C', 'slurmctld', '-o', 'state=']
    await puhti.signal('slurmctld', 'SIGSTOP')
    expect(await answer(puhti, ...state)).toBe('T')
    await puhti.signal('slurmctld', 'SIGCONT')
    expect(await answer(puhti, ...state)).not.toBe('T')
    await expect(puhti.signal('cron', 'SIGTERM')).rejects.toThrow('no daemon is called cron')
  })

  it('knows its jobs after the controller was killed and started again', async () => {
    await answer(puhti, 'sbatch', '--hold', '--job-name=to-be-kept', '--wrap=true')
    // The controller writes its state a moment after it has answered; a job that it was killed with too early is lost.
    const written = async () =>
      expect(await readFile(puhti.hostPath('/cluster/state/job_state'), 'latin1')).toContain('to-be-kept')
    await vi.waitFor(written, patience)
    await puhti.signal('slurmctld', 'SIGKILL')
    await puhti.start('slurmctld')
    expect(await answer(puhti, 'squeue', '-h', '--name=to-be-kept', '-o', '%r')).toBe('JobHeldUser')
  }, 60_000)

  it('starts the other daemons again after they were killed', async () => {
    for (const daemon of ['slurmdbd', 'munged', 'slurmd-puhti-n2', 'sshd']) {
      await puhti.signal(daemon, 'SIGKILL')
      await puhti.start(daemon)
    }
    expect(await answer(puhti, 'sacctmgr', '-nP', 'show', 'cluster', 'format=cluster')).toBe('puhti')
    expect(await answer(puhti, 'srun', '-w', 'puhti-n2', 'hostname')).toBe('puhti-n2')
    expect(await ssh(puhti, 'true')).toMatchObject({ exitCode: 0 })
  }, 60_000)

  it('leaves nothing behind', async () => {
    const both = [puhti, mahti]
    const namespaces = await Promise.all(both.map((server) => answer(server, 'readlink', '/proc/self/ns/pid')))
    await answer(puhti, 'sh', '-c', 'setsid env -i sleep 1000 >/dev/null 2>&1 </dev/null &')
    expect(namespaces.flatMap(processesInNamespace).length).toBeGreaterThan(10)
    await Promise.all(both.map((server) => server.stop()))
    expect(namespaces.flatMap(processesInNamespace)).toEqual([])
    for (const { directory } of both) {
      expect(processesNaming(directory)).toEqual([])
      expect(existsSync(directory)).toBe(false)
    }
    expect(hostState()).toEqual(before)
  })
}
