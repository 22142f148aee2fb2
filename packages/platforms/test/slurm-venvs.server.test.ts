import { UnavailableError } from '@lautta/core/errors'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SlurmServer, startSlurm } from '../../../test/servers/slurm.ts'
import { startTcpProxy, type TcpProxy } from '../../../test/servers/tcp-proxy.ts'
import { until } from '../../../test/support/until.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { runCommand } from '../src/run-command.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'
import { askForVenv, type VenvAnswer } from '../src/venv/ask-for-venv.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { openTestShell, targetOf } from './open-test-shell.ts'
import { putPythonModules } from './put-python-modules.ts'

interface Asked {
  folder: string
  packages?: readonly string[]
  modules?: readonly string[]
  preamble?: readonly string[]
}

describeOnSlurm('venvs on the login node of SLURM %s', (release) => {
  let slurm: SlurmServer
  let proxy: TcpProxy
  let shell: RemoteShell
  let proxied: RemoteShell
  beforeAll(async () => {
    slurm = await startSlurm({ release })
    proxy = await startTcpProxy(slurm)
    shell = await openTestShell(slurm)
    proxied = createSshShell({ ...targetOf(slurm), hosts: [proxy] })
    await putPythonModules(slurm)
  })
  afterAll(async () => {
    await Promise.all([shell?.close(), proxied?.close()])
    await proxy?.stop()
    await slurm?.stop()
  })

  const ask = (over: RemoteShell, asked: Asked, waitedFor: number | null = null): Promise<VenvAnswer> => {
    const { folder, packages = ['apple'], modules = ['use /users/csc/modules', 'python/1', 'wheels'], preamble = [] } = asked
    return runCommand(over, askForVenv({ folder, packages }, { preamble, modules }, waitedFor))
  }
  /** Asks until nothing is under way any more. */
  const settle = async (over: RemoteShell, asked: Asked): Promise<VenvAnswer> => {
    let waitedFor: number | null = null
    return until(async () => {
      const answer = await ask(over, asked, waitedFor)
      if (answer.kind !== 'building') return answer
      waitedFor = answer.build
      return null
    }, 200)
  }
  const csc = async (...argv: string[]): Promise<string> => (await slurm.exec(argv)).stdout
  const built = { kind: 'ready', python: expect.stringMatching(/^Python 3\./) }

  it('are built once for two who ask, with the modules loaded, whatever these print', async () => {
    const shared = { folder: '/users/csc/envs/exp-venv' }
    expect(await Promise.all([settle(shell, shared), settle(proxied, shared)])).toEqual([built, built])
    expect(await ask(proxied, shared)).toEqual({ kind: 'ready', python: null })
    expect(await csc('sh', '-c', 'ls -d /users/csc/envs/exp-venv/.lautta/build.*')).toBe(
      '/users/csc/envs/exp-venv/.lautta/build.1\n'
    )
    expect(await csc('/users/csc/envs/exp-venv/bin/python', '-c', 'import apple, sys; print(sys.prefix)')).toBe(
      '/users/csc/envs/exp-venv\n'
    )
  })

  it('are built again with the Python of another module', async () => {
    const other = { folder: '/users/csc/envs/exp-venv', modules: ['use /users/csc/modules', 'python/2', 'wheels'] }
    expect(await settle(shell, other)).toEqual(built)
    expect(await ask(shell, other)).toEqual({ kind: 'ready', python: null })
  })

  it('are built on while the connection is lost, and waited for by whoever asks then', async () => {
    const asked = { folder: '~/envs/lasting' }
    await csc('touch', 'hold')
    expect(await ask(proxied, asked)).toEqual({ kind: 'building', build: 1 })
    proxy.cut()
    expect(await ask(shell, asked)).toEqual({ kind: 'building', build: 1 })
    await csc('rm', 'hold')
    expect(await until(() => ask(proxied, asked, 1).then((answer) => (answer.kind === 'building' ? null : answer)), 200)).toEqual(
      built
    )
    expect(await ask(shell, asked)).toEqual({ kind: 'ready', python: null })
  })

  it('are refused for a module that is not there, in the words of the platform', async () => {
    const refused = await ask(shell, { folder: '~/never', modules: ['python/1', 'use /users/csc/modules'] }).catch(
      (error: unknown) => error
    )
    expect(refused).toMatchObject({
      name: 'RefusedError',
      message: expect.stringMatching(/^module python\/1: .*(unknown|cannot be loaded)/s),
      hint: expect.stringMatching(/module spider/)
    })
    expect(await csc('ls')).not.toMatch(/never/)
  })

  it('wait when it is the preamble of the platform that fails', async () => {
    const asked = ask(shell, { folder: '~/never', preamble: ['. /appl/profile/gone.sh'] })
    await expect(asked).rejects.toThrow(UnavailableError)
    await expect(asked).rejects.toThrow(/preamble of this platform failed: .*gone\.sh/)
  })

  it('wait while the disk is full', async () => {
    await csc('mkdir', 'small')
    const mounted = await slurm.exec(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=777', 'small', '/users/csc/small'], {
      as: 'root'
    })
    expect(mounted).toMatchObject({ exitCode: 0 })
    const answer = await settle(shell, { folder: '~/small/venv' })
    expect(answer).toMatchObject({ kind: 'stuck', on: 'platform-disk' })
  })
})
