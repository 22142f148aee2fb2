import type { ListedTasks } from '@lautta/core/job/job-event'
import { logPathOfTask } from '@lautta/core/job/task-log'
import { formatTasks, parseArray } from '@lautta/core/job/task-set'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { type AcceptedJob, type RecordedTasks, type Scheduler, type Submission, taskId } from '../src/scheduler.ts'
import { jobSince } from './ask-accounting.ts'
import { composeTestJob } from './compose-test-job.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

const since = new Date()
const sleeper = '#!/bin/sh\nsleep 300\n'

describeOnSlurm('an array on SLURM %s', (release) => {
  let under: TestSlurm
  let scheduler: Scheduler
  beforeAll(async () => {
    under = await startTestSlurm(release)
    scheduler = under.scheduler
  })
  afterAll(() => under?.stop())

  const submit = async (array: string, script: string, options: Submission['options'] = {}): Promise<AcceptedJob> => {
    const answer = await scheduler.submit({ ...composeTestJob(script, options), array })
    if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
    return answer
  }
  const listed = async (id: string): Promise<readonly ListedTasks[]> => (await scheduler.listJobs()).get(id)?.tasks ?? []
  const findTasks = async (id: string): Promise<RecordedTasks['tasks']> => {
    const [found] = await scheduler.findEndings([{ ...jobSince(id, since), tasks: 1 }])
    return found && 'tasks' in found ? found.tasks : new Map()
  }
  /** Waits until these tasks run and those wait, and answers why. */
  const untilListed = (id: string, running: string, pending: string): Promise<string> =>
    until(async () => {
      const groups = await listed(id)
      const inPhase = (phase: string) => groups.filter((one) => one.phase === phase)
      const tasksIn = (phase: string) => formatTasks(inPhase(phase).flatMap(({ tasks }) => tasks))
      const reasons = inPhase('pending').map(({ reason }) => reason)
      return tasksIn('running') === running && tasksIn('pending') === pending ? `reasons: ${reasons}` : null
    }, 200)

  it('is one line while it waits, with all of its tasks, however many and wherever they are', async () => {
    const sparse = Array.from({ length: 1001 }, (_, task) => task).filter((task) => task % 3 !== 0)
    const { slurmJobId } = await submit(`${sparse.join(',')}%7`, sleeper, { hold: true })
    expect(await listed(slurmJobId)).toEqual([{ tasks: sparse, phase: 'pending', reason: 'JobHeldUser' }])
    const { stdout } = await under.slurm.exec(['squeue', '--noheader', `--jobs=${slurmJobId}`])
    expect(stdout.trim().split('\n')).toHaveLength(1)
    await scheduler.cancel(slurmJobId)
    const endings = await until(async () => {
      const found = await findTasks(slurmJobId)
      return found.size === sparse.length ? found : null
    }, 200)
    expect([...endings.keys()].sort((one, other) => one - other)).toEqual(sparse)
    expect(endings.get(1000)).toMatchObject({ outcome: 'cancelled' })
  })

  it.each(['[1-3]', '[4,6]%2', '1-3%0', '1, 3-5: 2'])('asked for as %j has the tasks that we read', async (array) => {
    const { slurmJobId } = await submit(array, sleeper, { hold: true })
    expect(await listed(slurmJobId)).toMatchObject([{ tasks: parseArray(array)?.tasks }])
    await scheduler.cancel(slurmJobId)
  })

  it('tells how each task ended, of those too that ran as other jobs', async () => {
    const { slurmJobId } = await submit('1-4', '#!/bin/sh\n[ $SLURM_ARRAY_TASK_ID != 3 ] || exit 5\n')
    const endings = await until(async () => {
      const found = await findTasks(slurmJobId)
      return found.size === 4 && [...found.values()].every((ending) => ending !== null) ? found : null
    }, 200)
    expect([1, 2, 3, 4].map((task) => endings.get(task)?.outcome)).toEqual(['completed', 'completed', 'failed', 'completed'])
    expect(endings.get(3)).toMatchObject({ exitCode: 5, reason: 'FAILED, exit code 5' })
  })

  it('has tasks that are cancelled, held, released and requeued each for itself', async () => {
    const script = '#!/bin/sh\necho run >>~/task.$SLURM_ARRAY_JOB_ID.$SLURM_ARRAY_TASK_ID\nsleep 300\n'
    const { slurmJobId } = await submit('0-5%2', script, { requeue: true })
    await untilListed(slurmJobId, '0-1', '2-5')
    await scheduler.hold(taskId(slurmJobId, 2))
    await scheduler.cancel(taskId(slurmJobId, 4))
    // One line for all that wait has the reasons of all of them.
    expect(await untilListed(slurmJobId, '0-1', '2-3,5')).toMatch(/JobHeldUser/)
    await scheduler.cancel(taskId(slurmJobId, 0))
    await untilListed(slurmJobId, '1,3', '2,5')
    // The one that waited has left no record, and the one that ran has.
    const endings = await until(async () => {
      const found = await findTasks(slurmJobId)
      return found.get(0) ? found : null
    }, 200)
    expect([endings.get(0)?.outcome, endings.has(4)]).toEqual(['cancelled', false])
    await scheduler.release(taskId(slurmJobId, 2))
    await scheduler.requeue(taskId(slurmJobId, 3), 'token', 'order')
    await scheduler.requeue(taskId(slurmJobId, 3), 'token', 'order')
    const runs = async () => (await under.slurm.exec(['cat', `task.${slurmJobId}.3`])).stdout
    for (const task of [1, 5]) await scheduler.cancel(taskId(slurmJobId, task))
    await untilListed(slurmJobId, '2-3', '')
    await until(async () => (await runs()) === 'run\nrun\n', 200)
    await scheduler.cancel(slurmJobId)
    await until(async () => (await listed(slurmJobId)).length === 0, 200)
  })

  it('has logs whose names are known, whether its tasks wait or have all begun', async () => {
    const name = async (script: string, array: string, options: Submission['options'] = {}) => {
      const { slurmJobId, outPath, errPath } = await submit(array, `#!/bin/sh\n${script}\ntrue\n`, options)
      return [outPath, errPath].map((path) => path?.replaceAll(slurmJobId, 'ID') ?? null)
    }
    const held = { hold: true as const }
    const plain = ['/users/csc/slurm-ID_%a.out', '/users/csc/slurm-ID_%a.out']
    expect(await name('', '1-2')).toEqual(plain)
    expect(await name('', '1-2', held)).toEqual(plain)
    expect(await name('#SBATCH -o logs/%4a-%8A.log\n#SBATCH --error=/tmp/%a.err', '7', held)).toEqual([
      expect.stringMatching(/^\/users\/csc\/logs\/%4a-0*ID\.log$/),
      '/tmp/%a.err'
    ])
    expect(await name('#SBATCH -o logs/%j.log', '1-2', held)).toEqual([null, null])
    expect(await name('#SBATCH --outp=short-%a', '1-2', held)).toEqual(['/users/csc/short-%a', '/users/csc/short-%a'])
    expect(await name('', '1-2', { output: 'all.log' })).toEqual(['/users/csc/all.log', '/users/csc/all.log'])
  })

  it('has logs with ten digits at most in their names', async () => {
    const { slurmJobId, outPath } = await submit('7', '#!/bin/sh\n#SBATCH --output=ten-%12A-%12a\n')
    expect(outPath && logPathOfTask(outPath, 7)).toBe(`/users/csc/ten-${slurmJobId.padStart(10, '0')}-0000000007`)
    await until(async () => (await under.slurm.exec(['test', '-e', logPathOfTask(outPath ?? '', 7)])).exitCode === 0, 200)
  })

  it('has logs whose names are known when it is found after the answer to sbatch was lost', async () => {
    const submission = { ...composeTestJob(sleeper, { output: 'found-%a.log' }), array: '11-12' }
    const answer = await scheduler.submit(submission)
    const found = await scheduler.readRight(submission)
    expect(found).toMatchObject({ ...answer, kind: 'found', outPath: '/users/csc/found-%a.log' })
    const { slurmJobId } = answer as AcceptedJob
    await untilListed(slurmJobId, '11-12', '')
    // Both have begun: one of them has the array's own id.
    expect(await scheduler.readRight(submission)).toMatchObject({ outPath: '/users/csc/found-%a.log' })
    await scheduler.cancel(slurmJobId)
  })

  it("is refused in SLURM's words when it is too large, also when it is only asked about", async () => {
    const words = expect.stringMatching(/Invalid job array specification/)
    const largest = { ...composeTestJob(sleeper), array: '0-1000' }
    const tooLarge = { ...largest, array: '0-1001' }
    expect(await scheduler.submit(tooLarge)).toMatchObject({ kind: 'refused', reason: words })
    expect(await scheduler.testSubmission(tooLarge)).toMatchObject({ isAccepted: false, words })
    expect(await scheduler.testSubmission(largest)).toMatchObject({ isAccepted: true })
  })
})
