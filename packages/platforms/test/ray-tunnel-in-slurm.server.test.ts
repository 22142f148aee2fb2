import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../test/servers/free-port.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { run } from '../../../test/servers/run.ts'
import { slurmCommands } from '../../../test/servers/slurm.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { until } from '../../../test/support/until.ts'
import { platformOverShell } from '../src/platform.ts'
import { findServiceInJob } from '../src/ray/find-ray-service.ts'
import type { RemoteForward } from '../src/ray/remote-forward-settings.ts'
import { type ClusterJob, runRayJob, submitCluster, untilNothingIsLeft } from './cluster-job.ts'
import { putRay, rayCommands, raySoftware } from './put-ray.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

const guide = await readFile(new URL('../../../docs/operators.md', import.meta.url), 'utf8')
const needed = [...slurmCommands(), ...sshCommands, ...rayCommands]

describe.skipIf(!requireCommands(needed))('a Ray cluster in a job behind a login node that lets nothing through', () => {
  let under: TestSlurm
  let ours: SshServer
  let remoteForward: RemoteForward
  let key: string
  let job: ClusterJob | undefined
  const range = () => Array.from({ length: 4 }, (_, index) => remoteForward.ports.first + index)
  // It has the first port of the range, so a cluster has all others.
  const other = createServer()

  beforeAll(async () => {
    const [, setting = ''] = /^ *Match User ray-tunnel\n +(\S+ \S+)$/m.exec(guide) ?? []
    ours = await startSshServer({ settings: [setting] })
    key = await readFile(ours.privateKeyFile, 'utf8')
    const { host, port, user, hostKeys, privateKeyFile } = ours
    const first = await freePort(4)
    remoteForward = { host, port, user, hostKeys, privateKeyFile, ports: { first, last: first + 3 }, reachedAt: '127.0.0.1' }
    await once(other.listen(first, '127.0.0.1'), 'listening')
    const [, restrictions = ''] = /^ *(restrict,\S+,)permitlisten=\S+ ssh-ed25519 AAAA/m.exec(guide) ?? []
    const permitted = range().map((one) => `permitlisten="127.0.0.1:${one}"`)
    const line = `${restrictions}${permitted.join(',')} ${await readFile(`${privateKeyFile}.pub`, 'utf8')}`
    await writeFile(join(ours.home, '.ssh/authorized_keys'), line)

    under = await startTestSlurm('22.05', { software: raySoftware(), nodeMegabytes: 12_288 })
    await putRay(under.slurm)
    const forbid = ['sh', '-c', 'echo AllowTcpForwarding no >/etc/ssh/sshd_config.d/site.conf']
    expect(await under.slurm.exec(forbid, { as: 'root' })).toMatchObject({ exitCode: 0 })
    await under.slurm.signal('sshd', 'SIGKILL')
    await under.slurm.start('sshd')
  })
  afterAll(async () => {
    other.close()
    await under?.stop()
    await ours?.stop()
  })
  afterEach(async () => {
    await job?.close()
    job = undefined
  })
  const submit = async (forward: RemoteForward): Promise<ClusterJob> => {
    job = await submitCluster(under, { nodes: 1 }, undefined, { remoteForward: forward, key })
    return job
  }
  const tunnels = async () => (await under.slurm.exec(['pgrep', '-u', 'csc', '-f', 'ssh -F none'])).stdout

  it('is reached on our machine, also when its tunnel was opened anew, and leaves nothing', async () => {
    const started = await submit(remoteForward)
    const { near, headAddress, ports } = await started.untilFormed()
    const brought = [near?.dashboard, near?.client, near?.serve]
    expect(brought.sort()).toEqual(range().slice(1))

    const platform = platformOverShell(under.shell, under.scheduler, remoteForward)
    for (const far of [{ host: headAddress, port: ports.dashboard }, ours])
      await expect(platform.shell.dial(far)).rejects.toThrow(/the login node forwards no connections/)
    expect(await findServiceInJob(platform, started.id, { service: 'client', node: 0 })).toEqual({
      host: '127.0.0.1',
      port: near?.client
    })
    expect(await (await platform.openRay(started.id)).describe()).toMatchObject({ rayVersion: '2.60.0' })
    await runRayJob(started, 'hello', 'echo hello', 'SUCCEEDED')
    expect((await started.ask('/api/jobs/hello/logs')).answer).toMatch(/hello/)

    await under.slurm.exec(['kill', '-KILL', ...(await tunnels()).trim().split('\n')])
    await until(async () => /opening it anew\n.*Serve are ports/.test(await started.log()), 300)
    expect((await started.ask('/api/version')).status).toBe(200)

    const folder = `.lautta/ray/${started.id}`
    const keys = async () => (await under.slurm.exec(['grep', '-rl', 'PRIVATE KEY', '.lautta'])).stdout
    expect(await keys()).toMatch(/^\.lautta\/\w+\/environment\n$/)
    await under.scheduler.cancel(started.id)
    expect(await started.untilEnded()).toMatch(/^CANCELLED/)
    await untilNothingIsLeft(under)
    expect(await tunnels()).toBe('')
    expect((await under.slurm.exec(['ls', folder])).stdout.split('\n').filter((name) => /near|tunnel/.test(name))).toEqual([])
    expect(await keys()).toBe('')
    expect(await started.log()).not.toMatch(/PRIVATE KEY/)
  })

  it('ends when our machine shows another host key', async () => {
    const [otherKey = ''] = under.slurm.hostKeys.filter((hostKey) => hostKey.startsWith('ssh-ed25519'))
    const started = await submit({ ...remoteForward, hostKeys: [otherKey] })
    expect(await started.untilEnded()).toBe('FAILED|1:0')
    const log = await started.log()
    expect(log).toMatch(/Host key verification failed\.\r?\n/)
    expect(log).toMatch(/the cluster ends: without a tunnel to 127\.0\.0\.1 nobody could reach it/)
    await untilNothingIsLeft(under)
  })

  it('has a key that can run no command on our machine, reach nothing, and listen nowhere else', async () => {
    const knownHosts = `${ours.privateKeyFile}.known`
    await writeFile(knownHosts, ours.hostKeys.map((hostKey) => `ours ${hostKey}\n`).join(''))
    const settings = ['BatchMode=yes', 'HostKeyAlias=ours', `UserKnownHostsFile=${knownHosts}`, 'ExitOnForwardFailure=yes']
    const login = ['-p', String(ours.port), '-i', ours.privateKeyFile, `${ours.user}@${ours.host}`]
    const ssh = (...words: string[]) => run(['ssh', '-F', 'none', ...settings.flatMap((one) => ['-o', one]), ...words])
    expect(await ssh(...login, 'echo', 'in')).toEqual({ stdout: '', stderr: '', exitCode: 1 })
    for (const listen of [`127.0.0.1:${await freePort()}`, `0.0.0.0:${remoteForward.ports.last}`]) {
      const { exitCode, stderr } = await ssh('-N', '-R', `${listen}:127.0.0.1:1`, ...login)
      expect([exitCode, stderr]).toEqual([255, expect.stringContaining('remote port forwarding failed')])
    }
    const { exitCode, stderr } = await ssh('-W', `127.0.0.1:${ours.port}`, ...login)
    expect([exitCode, stderr]).toEqual([255, expect.stringContaining('administratively prohibited')])
  })
})
