import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { slurmCommands } from '../../../test/servers/slurm.ts'
import { until } from '../../../test/support/until.ts'
import { type ClusterJob, runRayJob, submitCluster, untilNothingIsLeft } from './cluster-job.ts'
import { putRay, putRayWithoutServe, rayCommands, raySoftware } from './put-ray.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

const oldRay = '#!/bin/sh\necho ray, version 2.51.2\n'

// It lets somebody else take the port that is meant for GCS, once.
const unluckyRay = `#!/bin/bash
for word in "$@"; do case $word in --port=*) port=\${word#*=} ;; esac; done
if [ -n "$port" ] && [ ! -e ~/taken ]; then
  echo "$port" >~/wanted.new && mv ~/wanted.new ~/wanted
  until [ -e ~/taken ]; do sleep 0.1; done
fi
exec /users/csc/ray-venv/bin/python3 /users/csc/ray-venv/bin/ray "$@"
`
const takePort = `import os, socket, time
while not os.path.exists('wanted'):
    time.sleep(0.05)
server = socket.create_server(('', int(open('wanted').read())))
open('taken', 'w').close()
while not os.path.exists('done'):
    time.sleep(0.05)`

describe.skipIf(!requireCommands([...slurmCommands(), ...rayCommands]))('a Ray cluster in a job that goes wrong', () => {
  let under: TestSlurm
  let jobs: ClusterJob[] = []
  beforeAll(async () => {
    under = await startTestSlurm('22.05', { software: raySoftware(), nodeMegabytes: 12_288 })
    await putRay(under.slurm)
  })
  afterAll(() => under?.stop())
  afterEach(async () => {
    await Promise.all(jobs.map((job) => job.close()))
    jobs = []
  })
  const submit = async (...[template, token]: [Parameters<typeof submitCluster>[1], string?]): Promise<ClusterJob> => {
    const job = await submitCluster(under, template, token)
    jobs.push(job)
    return job
  }
  /** The processes of a program of Ray, by their command lines. */
  const kill = async (pattern: string) => {
    const { stdout } = await under.slurm.exec(['pgrep', '-u', 'csc', '-f', pattern])
    await under.slurm.exec(['kill', '-KILL', ...stdout.trim().split('\n')])
  }

  it('does not begin without a token', async () => {
    const job = await submit({}, '')
    expect(await job.untilEnded()).toBe('FAILED|1:0')
    expect(await job.log()).toMatch(/RAY_AUTH_TOKEN is not set: without a token anyone/)
  })

  it('does not begin with a Ray that knows no token', async () => {
    await putRay(under.slurm, 'old-venv', oldRay)
    const job = await submit({ venv: '~/old-venv' })
    expect(await job.untilEnded()).toBe('FAILED|1:0')
    expect(await job.log()).toMatch(/ray, version 2\.51\.2 is too old: before 2\.52 Ray knows no token/)
  })

  it('says which venv is not there', async () => {
    const job = await submit({ venv: "/projappl/it's gone" })
    expect(await job.untilEnded()).toBe('FAILED|1:0')
    expect(await job.log()).toMatch(/there is no venv in \/projappl\/it's gone/)
  })

  it('takes other ports when one is taken between', async () => {
    await putRay(under.slurm, 'unlucky-venv', unluckyRay)
    const taken = under.slurm.exec(['python3', '-c', takePort])
    const job = await submit({ nodes: 1, venv: '~/unlucky-venv' })
    await job.untilFormed()
    await under.slurm.exec(['touch', 'done'])
    expect(await taken).toMatchObject({ exitCode: 0 })
    expect(await job.log()).toMatch(/another program has taken port \d+ meanwhile: trying others/)
  })

  it('stops its Ray jobs before its time limit, and leaves what they printed', async () => {
    const job = await submit({ nodes: 1, time: '00:02:00', 'stop-seconds': 30 })
    await job.untilFormed()
    await runRayJob(job, 'long', 'echo on and on; sleep 600', 'RUNNING')
    expect(await job.untilEnded()).toBe('COMPLETED|0:0')
    expect(await job.log()).toMatch(/the cluster ends: its time limit is near\n.*stopping the Ray job long\n$/)
    expect(JSON.parse(await job.read('jobs.json'))).toMatchObject([{ submission_id: 'long', status: 'STOPPED' }])
    expect(await job.left()).toMatchObject({ ended: 'time-limit', jobs: [{ submissionId: 'long', status: 'STOPPED' }] })
    expect(await job.read('job-driver-long.log')).toMatch(/on and on/)
    await untilNothingIsLeft(under)
  })

  it('ends in order when it is told to by hand', async () => {
    const job = await submit({ nodes: 1 })
    await job.untilFormed()
    await under.slurm.exec(['scancel', '--batch', '--signal=USR2', job.id])
    expect(await job.untilEnded()).toBe('COMPLETED|0:0')
    expect(await job.log()).toMatch(/the cluster ends: it was told to\n$/)
    expect(await job.left()).toEqual({ ended: 'stopped', jobs: [] })
  })

  it('ends in order when there has been no work for so long, also where Ray has no Serve', async () => {
    await putRayWithoutServe(under.slurm, 'plain-venv')
    const job = await submit({ nodes: 1, venv: '~/plain-venv', 'idle-minutes': 0.1 })
    expect(await job.untilEnded()).toBe('COMPLETED|0:0')
    expect(await job.log()).toMatch(/the cluster ends: there was no work for 0\.1 minutes\n$/)
    expect(await job.left()).toEqual({ ended: 'idle', jobs: [] })
  })

  it('tells of a worker that dies, and fails when its head does', async () => {
    const job = await submit({})
    await job.untilFormed()
    await kill('raylet .*--node_ip_address=127.0.0.1 ')
    await until(async () => /puhti-\w+: Ray has ended by itself/.test(await job.log()), 300)
    expect((await job.ask('/api/version')).status).toBe(200)
    await kill('gcs_server')
    expect(await job.untilEnded()).toBe('FAILED|1:0')
    expect(await job.log()).toMatch(/the end of gcs_server.out:(.|\n)*the cluster ends: its head has ended, or gives no answer/)
    await untilNothingIsLeft(under)
  })

  it('leaves nothing when SLURM kills its steps at once, as for their memory, and clears up after others', async () => {
    await under.slurm.exec(['sh', '-c', 'mkdir /tmp/ray-left && touch /tmp/ray-left/lock'])
    const job = await submit({})
    await job.untilFormed()
    await under.slurm.exec(['scancel', '--signal=KILL', `${job.id}.1`, `${job.id}.2`])
    expect(await job.untilEnded()).toBe('FAILED|1:0')
    await untilNothingIsLeft(under)
  })

  it('begins anew as the same job when SLURM requeues it', async () => {
    const job = await submit({ nodes: 1 })
    const before = await job.untilFormed()
    await under.slurm.exec(['scontrol', 'requeue', job.id])
    const after = await until(async () => {
      const found = await job.find()
      return found?.session === before.session ? null : found
    }, 300)
    expect([before.restart, after.restart]).toEqual([0, 1])
    expect(after.ports.dashboard).not.toBe(before.ports.dashboard)
    expect((await job.ask('/api/version')).status).toBe(200)
  })
})
