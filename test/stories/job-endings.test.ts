import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { until } from '../support/until.ts'

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
let timedOut: string
beforeAll(async () => {
  lautta = await startLauttaOnSlurm()
  orders = createOrderClient(lautta.ask)
  // SLURM's shortest time limit is a minute: it passes while the others are told.
  timedOut = await orders.start('mahti', [{ script: '#!/bin/sh\necho begun; sleep 600\n', options: { time: 1 } }])
})
afterAll(() => lautta?.stop())

const inside = async (...argv: string[]) => (await lautta.slurm.exec(argv)).stdout
const put = (path: string, text: string) => lautta.slurm.exec(['sh', '-c', `cat >${path}`], { stdin: text })
const queued = async () => (await inside('squeue', '-h', '-o', '%i')).split('\n').filter(Boolean)

describe('an order', () => {
  it('shows the exit code and the words of a script that fails, and runs again when it is started again', async () => {
    await put('work.sh', '#!/bin/sh\necho no such data >&2\nexit 3\n')
    const id = await orders.start('mahti', [{ path: '/users/csc/work.sh' }])
    const failed = await orders.untilStored(id)
    expect(failed).toMatchObject({ state: 'finished', outcome: 'failed' })
    expect(failed.platforms.mahti.jobs[0]).toMatchObject({
      outcome: 'failed',
      'exit-code': 3,
      reason: 'FAILED, exit code 3',
      status: { failed: true, complete: false, stopped: true, stored: true }
    })
    expect(await orders.log(id, 'mahti')).toBe('no such data\n')
    await put('work.sh', '#!/bin/sh\necho found\n')
    await orders.give(id, 'start')
    await orders.untilJob(id, 'mahti', ({ attempt, status }) => attempt === 2 && status.stored)
    expect(await orders.order(id)).toMatchObject({ outcome: 'completed' })
    expect(await orders.log(id, 'mahti')).toBe('found\n')
    expect(await orders.log(id, 'mahti', '?attempt=1')).toBe('no such data\n')
  })

  it('fails with the words of SLURM when sbatch is refused, and runs again when the script is right', async () => {
    await put('partition.sh', '#!/bin/sh\n#SBATCH --partition=nope\necho ran\n')
    const id = await orders.start('mahti', [{ path: '/users/csc/partition.sh' }])
    const refused = await orders.untilStored(id)
    expect(refused.platforms.mahti.jobs[0]).toMatchObject({ outcome: 'failed', id: 'None', 'exit-code': null })
    expect(refused.platforms.mahti.jobs[0].reason).toMatch(
      /there is no partition nope.*Invalid partition name.*its partitions are small,/s
    )
    await put('partition.sh', '#!/bin/sh\n#SBATCH --partition=test\necho ran\n')
    await orders.give(id, 'start')
    await orders.untilJob(id, 'mahti', ({ attempt, outcome }) => attempt === 2 && outcome === 'completed')
  })

  it.each([
    ['a script that is not there', { jobs: [{ path: '/users/csc/missing.sh' }] }, /missing\.sh: No such file or directory/],
    [
      'an object that is not there',
      {
        jobs: [{ script: '#!/bin/sh\n' }],
        files: {
          send: [
            {
              transfer: {
                source: { place: 'storage/allas/pipeline', path: 'CODE/none.sh' },
                target: { place: 'hpc/mahti', path: '/users/csc/none.sh' }
              }
            }
          ]
        }
      },
      /^files\.send\[0\]: storage\/allas\/pipeline has no object CODE\/none\.sh/
    ],
    [
      'a module that is not there',
      { jobs: [{ script: '#!/bin/sh\n' }], configs: { modules: ['no-such/1'] } },
      /module no-such\/1: .*Lmod has detected/s
    ],
    [
      'a folder that may not be written',
      {
        jobs: [{ script: '#!/bin/sh\n' }],
        files: {
          send: [
            { transfer: { source: { place: 'inline', path: 'x', value: 'v' }, target: { place: 'hpc/mahti', path: '/usr/x' } } }
          ]
        }
      },
      /^files\.send\[0\]: \/usr\/x: /
    ]
  ])('fails with its reason, before anything runs: %s', async (_what, { jobs, ...more }, reason) => {
    const before = await queued()
    const id = await orders.start('mahti', jobs, more)
    const order = await orders.untilStored(id)
    expect(order.platforms.mahti.jobs[0]).toMatchObject({ outcome: 'failed', id: 'None', reason: expect.stringMatching(reason) })
    expect(await queued()).toEqual(before)
  })

  it('tells a platform that is down, and that no job was lost by it', async () => {
    const id = await orders.start('atlas', [{ script: '#!/bin/sh\n' }])
    await orders.untilJob(id, 'atlas', ({ waiting }) => waiting === 'platform')
    expect((await orders.events(id)).at(-1)?.reason).toMatch(/ECONNREFUSED/)
    await orders.give(id, 'stop')
    await orders.untilJob(id, 'atlas', ({ outcome }) => outcome === 'cancelled')
  })
  it('goes on when a platform that was down is there again', async () => {
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\nuntil [ -e back ]; do sleep 0.1; done; echo done\n' }])
    await orders.untilJob(id, 'mahti', ({ status }) => status.running)
    await lautta.slurm.signal('sshd', 'SIGTERM')
    await lautta.slurm.exec(['pkill', '-x', 'sshd'], { as: 'root' })
    await orders.untilJob(id, 'mahti', ({ waiting }) => waiting === 'platform')
    await put('back', '')
    await lautta.slurm.start('sshd')
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await orders.log(id, 'mahti')).toBe('done\n')
  })
})

describe('while squeue lists nothing', () => {
  it('jobs go on, and their ends are what accounting says in the end', async () => {
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\nuntil [ -e over ]; do sleep 0.1; done; rm over; exit 5\n' }])
    await orders.untilJob(id, 'mahti', ({ status }) => status.running)
    const wrapper = '#!/bin/sh\necho called >>/users/csc/empty-answers\n'
    await lautta.slurm.exec(['sh', '-c', 'mkdir -p bin; cat >bin/squeue; chmod +x bin/squeue'], { stdin: wrapper })
    await put('.bashrc', 'export PATH=/users/csc/bin:$PATH\n')
    const answers = async () => (await inside('sh', '-c', 'cat empty-answers || :')).split('\n').length - 1
    await until(async () => (await answers()) >= 4, 100)
    expect((await orders.job(id, 'mahti')).outcome).toBeNull()
    await lautta.slurm.exec(['rm', '.bashrc', 'bin/squeue'])
    await put('over', '')
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'failed' })
    expect(await orders.job(id, 'mahti')).toMatchObject({ attempt: 1, 'exit-code': 5 })
  })
})

describe('while accounting is away', () => {
  it('jobs are submitted and run, and their ends are told when it is there again', async () => {
    await lautta.slurm.signal('slurmdbd', 'SIGKILL')
    const first = await orders.start('mahti', [{ script: '#!/bin/sh\necho first\n' }])
    await orders.untilJob(first, 'mahti', ({ waiting }) => waiting === 'platform')
    const second = await orders.start('mahti', [{ script: '#!/bin/sh\nuntil [ -e over ]; do sleep 0.1; done\n' }])
    await orders.untilJob(second, 'mahti', ({ status, waiting }) => status.running && waiting === null)
    await lautta.slurm.start('slurmdbd')
    await put('over', '')
    for (const id of [first, second]) expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect((await orders.events(second)).filter(({ from, to }) => from === to)).toEqual([])
  })
})

describe('the files of an order', () => {
  const send = (source: object, path: string) => ({
    transfer: { source, target: { place: 'hpc/mahti', path: `/users/csc/${path}` } }
  })
  const notices = async (id: string) =>
    (await orders.events(id)).filter(({ from, to }) => from === to).map(({ reason }) => reason)

  it('are sent once for all of its jobs', async () => {
    const files = { send: [send({ place: 'inline', path: 'x', value: 'for both' }, 'shared.txt')] }
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\ncat shared.txt\n' }, { script: '#!/bin/sh\n' }], { files })
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await orders.log(id, 'mahti')).toBe('for both')
    expect(await notices(id)).toEqual([])
    const again = await orders.start('mahti', [{ script: '#!/bin/sh\n' }], { files })
    await orders.untilStored(again)
    expect(await notices(again)).toEqual(['/users/csc/shared.txt was there and is kept: overwrite is false'])
  })
  it('wait for room on the platform’s disk, and nothing fails by it', async () => {
    const asRoot = async (script: string) => lautta.slurm.exec(['sh', '-c', script], { as: 'root' })
    const mounted = await asRoot('mkdir -p /users/csc/small && mount -t tmpfs -o size=64k,mode=777 tmpfs /users/csc/small')
    expect(mounted).toMatchObject({ exitCode: 0, stderr: '' })
    const files = { send: [send({ place: 'inline', path: 'x', value: 'x'.repeat(200_000) }, 'small/large')] }
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\nwc -c <small/large\n' }], { files })
    await orders.untilJob(id, 'mahti', ({ waiting }) => waiting === 'platform-disk')
    expect(await notices(id)).toEqual([expect.stringMatching(/platform-disk.*small\/large: No space left on device/)])
    await asRoot('mount -o remount,size=1m /users/csc/small')
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await orders.log(id, 'mahti')).toBe('200000\n')
    await asRoot('umount /users/csc/small')
  })
  it('that are private keys are told, and for their owner only, wherever they come from', async () => {
    const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n'
    await lautta.ask('/v1/objects/pipeline/DATA/key', { method: 'PUT', body: key })
    const files = { send: [send({ place: 'storage/allas/pipeline', path: 'DATA/key' }, 'own-key')] }
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\nstat -c %a own-key\n' }], { files })
    await orders.untilStored(id)
    expect(await orders.log(id, 'mahti')).toBe('600\n')
    expect(await notices(id)).toEqual(['a private key was sent to /users/csc/own-key'])
  })
})

describe('a stop is honoured', () => {
  const untilCancelled = (id: string) => orders.untilJob(id, 'mahti', ({ outcome }) => outcome === 'cancelled')

  it('while the job is prepared: it is never submitted', async () => {
    // Nothing comes out of a fifo, so loading the module takes for ever.
    await lautta.slurm.exec(['sh', '-c', 'mkdir -p modules; mkfifo modules/slow.lua'])
    const venv = { name: 'slow-venv', path: '/users/csc', modules: ['slow'] }
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\n' }], { configs: { venv } })
    await orders.untilJob(id, 'mahti', ({ state }) => state === 'preparing')
    await orders.give(id, 'stop')
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'cancelled' })
    expect((await orders.job(id, 'mahti')).id).toBe('None')
    await lautta.slurm.exec(['sh', '-c', 'pkill -f slow; rm modules/slow.lua'])
  })
  it('while it is queued', async () => {
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\n', options: { hold: true } }])
    const { id: slurmJobId } = await orders.untilJob(id, 'mahti', ({ reason }) => reason === 'JobHeldUser')
    await orders.give(id, 'stop')
    await untilCancelled(id)
    expect(await queued()).not.toContain(slurmJobId)
  })
  it('while it runs, with what it had printed', async () => {
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\necho begun; sleep 600\n' }])
    await orders.untilJob(id, 'mahti', ({ status }) => status.running)
    await until(async () => (await orders.log(id, 'mahti')) === 'begun\n', 100)
    await orders.give(id, 'stop')
    const order = await orders.untilStored(id)
    expect(order.platforms.mahti.jobs[0]).toMatchObject({ outcome: 'cancelled', reason: expect.stringMatching(/^CANCELLED/) })
    expect(await orders.log(id, 'mahti')).toMatch(/^begun\n/)
  })
  it('when it has ended: nothing happens any more', async () => {
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\n' }])
    const before = await orders.untilStored(id)
    await orders.give(id, 'stop')
    expect(await orders.order(id)).toEqual(before)
  })
})

describe('many jobs of an order', () => {
  it('are seen by one squeue in each interval', async () => {
    const wrapper = '#!/bin/sh\necho called >>/users/csc/squeue-calls\nexec /usr/bin/squeue "$@"\n'
    await put('.bashrc', 'export PATH=/users/csc/bin:$PATH\n')
    await lautta.slurm.exec(['sh', '-c', 'mkdir -p bin; cat >bin/squeue; chmod +x bin/squeue'], { stdin: wrapper })
    const jobs = Array.from({ length: 8 }, () => ({ script: '#!/bin/sh\nsleep 600\n' }))
    const startedAt = Date.now()
    const id = await orders.start('mahti', jobs)
    const calls = async () => (await inside('sh', '-c', 'cat squeue-calls || :')).split('\n').length - 1
    await until(async () => (await calls()) >= 8, 100)
    const intervals = (Date.now() - startedAt) / 900
    expect(await calls()).toBeLessThanOrEqual(intervals + 2)
    await orders.give(id, 'stop')
    await lautta.slurm.exec(['rm', '.bashrc'])
    await until(async () => (await orders.order(id)).state === 'finished', 100)
  })
})

describe('a job that is not done when its time is over', () => {
  it('has timed out, as SLURM says', async () => {
    const order = await orders.untilStored(timedOut)
    expect(order).toMatchObject({ outcome: 'timed-out' })
    expect(order.platforms.mahti.jobs[0]).toMatchObject({ outcome: 'timed-out', reason: expect.stringMatching(/^TIMEOUT/) })
    expect(await orders.log(timedOut, 'mahti')).toMatch(/^begun\n.*DUE TO TIME LIMIT/s)
  })
})
