import { UnavailableError } from '@lautta/core/errors'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SlurmServer, slurmCommands, startSlurm } from '../../../test/servers/slurm.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import type { Scheduler } from '../src/scheduler.ts'
import { createSlurmScheduler } from '../src/slurm/slurm-scheduler.ts'
import { findEndings } from './ask-accounting.ts'
import { composeTestJob } from './compose-test-job.ts'
import { openTestShell } from './open-test-shell.ts'
import { dressUp } from './slurm-site.ts'

const since = new Date()
const held = () => composeTestJob('#!/bin/sh\ntrue\n', { hold: true })

describe.skipIf(!requireCommands(slurmCommands()))('SLURM as sites and users dress it up', () => {
  let slurm: SlurmServer
  let shell: RemoteShell
  let scheduler: Scheduler
  let site: ReturnType<typeof dressUp>
  beforeAll(async () => {
    slurm = await startSlurm()
    shell = await openTestShell(slurm)
    scheduler = createSlurmScheduler(shell)
    site = dressUp(slurm)
  })
  afterEach(async () => {
    await site.undress()
  })
  afterAll(async () => {
    await shell?.close()
    await slurm?.stop()
  })

  const listed = async (format: string, jobName: string): Promise<string> =>
    (await slurm.exec(['squeue', '--noheader', `--format=${format}`, `--name=${jobName}`])).stdout.trim()

  it('tells the id of a job also when sbatch prints other lines around it', async () => {
    await site.wrap('sbatch', 'echo "Project_2001234: 100 BU left"; /usr/bin/sbatch "$@"; echo; echo "thank you 7"')
    const submission = held()
    const answer = await scheduler.submit(submission)
    expect(answer).toMatchObject({ kind: 'accepted', slurmJobId: await listed('%i', submission.jobName) })
    expect(await scheduler.submit(submission)).toEqual(answer)
  })

  it('leaves open whether there is a job when sbatch tells no id, and it is found by its name', async () => {
    await site.wrap('sbatch', '/usr/bin/sbatch "$@" | sed "s/^/your job is /"')
    const submission = held()
    expect(await scheduler.submit(submission)).toEqual({ kind: 'answer-lost' })
    expect(await scheduler.readRight(submission)).toEqual({ kind: 'taken', hasAnswered: true })
    const slurmJobId = await listed('%i', submission.jobName)
    expect(await scheduler.findSubmission(submission, since)).toMatchObject({ kind: 'found', slurmJobId, others: [] })
  })

  it('knows no job by a word that is no id, which an older record may have', async () => {
    const submission = held()
    const job = await scheduler.submit(submission)
    const file = `.lautta/${submission.token}/1/id`
    await slurm.exec(['sh', '-c', `echo "Project_2001234: 100 BU left" >${file}; echo 0 >${file.replace('id', 'exit-code')}`])
    expect(await scheduler.submit(submission)).toEqual({ kind: 'answer-lost' })
    expect(await scheduler.findSubmission(submission, since)).toEqual({ ...job, kind: 'found', others: [] })
    const id = await listed('%i', submission.jobName)
    await Promise.all([scheduler.cancel('Project_2001234:'), scheduler.cancel(id)])
    expect(await listed('%i', submission.jobName)).toBe('')
    expect([...(await findEndings(scheduler, ['Project_2001234:', id], since)).keys()]).toEqual([id])
  })

  it('is away while there is no sbatch, and takes the same right when there is one', async () => {
    const submission = held()
    await site.replace('sbatch')
    await expect(scheduler.submit(submission)).rejects.toThrow(UnavailableError)
    await site.undress()
    expect(await scheduler.submit(submission)).toMatchObject({ kind: 'accepted' })
  })

  it('is away while sbatch can not begin, and lets the next try have a right of its own', async () => {
    const submission = held()
    await site.replace('sbatch', '#!/no/such/interpreter')
    await expect(scheduler.submit(submission)).rejects.toThrow(/timeout: failed to run command/)
    expect(await scheduler.submit(submission)).toEqual({ kind: 'answer-lost' })
    expect(await scheduler.findSubmission(submission, since)).toEqual({ kind: 'closed' })
    await site.undress()
    expect(await scheduler.submit({ ...submission, try: 2 })).toMatchObject({ kind: 'accepted' })
  })

  it('finds a job of which a failed sbatch says nothing, before anybody calls it refused', async () => {
    await site.wrap('sbatch', '/usr/bin/sbatch "$@" >/dev/null; echo "the quota daemon is away" >&2; exit 1')
    const submission = held()
    expect(await scheduler.submit(submission)).toEqual({ kind: 'refused', reason: 'the quota daemon is away' })
    const slurmJobId = await listed('%i', submission.jobName)
    expect(await scheduler.findSubmission(submission, since)).toMatchObject({ kind: 'found', slurmJobId })
  })

  it('has what it asks for itself, whatever the environment asks for', async () => {
    await site.profile('export SBATCH_TIMELIMIT=3 SBATCH_PARTITION=medium SBATCH_EXCLUSIVE=user SBATCH_MEM_PER_NODE=300\n')
    const submission = { ...held(), script: '#!/bin/sh\n#SBATCH -p small -t 2 --mem-per-cpu=200\ntrue\n' }
    expect(await scheduler.submit(submission)).toMatchObject({ kind: 'accepted' })
    expect(await listed('%P %l %m', submission.jobName)).toBe('small 2:00 200M')
  })
  it("is the login node's own, and no array, whatever the environment names", async () => {
    await site.profile('export SBATCH_CLUSTERS=elsewhere SLURM_CLUSTERS=elsewhere SBATCH_ARRAY_INX=1-3\n')
    const submission = held()
    const answer = await scheduler.submit(submission)
    const slurmJobId = await listed('%i', submission.jobName)
    expect(answer).toMatchObject({ kind: 'accepted', slurmJobId, outPath: expect.any(String) })
    const jobs = await scheduler.listJobs()
    expect([...jobs.keys()]).toContain(slurmJobId)
    expect(jobs.get(slurmJobId)?.tasks).toBeUndefined()
    await scheduler.release(slurmJobId)
    await scheduler.cancel(slurmJobId)
    expect((await scheduler.testSubmission(held())).words).toMatch(/to start at/)
  })

  it('makes no job in a dry run, and none that is not held, of an option that lacks its value', async () => {
    const options = { comment: true, hold: true } as const
    const { script, jobName, ...asked } = held()
    const submission = { ...asked, jobName, script, options }
    expect(await scheduler.testSubmission(submission)).toMatchObject({ isAccepted: false })
    expect(await scheduler.submit(submission)).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/comment/) })
    expect(await listed('%i', jobName)).toBe('')
  })

  it('takes any account where it enforces none', async () => {
    expect(await scheduler.findAccounts()).toContain('project_2001234')
    await site.wrap('scontrol', '/usr/bin/scontrol "$@" | sed "s/^\\(AccountingStorageEnforce *= \\).*/\\1none/"')
    expect(await scheduler.findAccounts()).toBeNull()
    expect(await scheduler.checks('project_9').at(-1)?.run()).toBe('SLURM takes jobs of any account here')
  })

  it('has our name for a job, whatever its script calls itself', async () => {
    for (const directive of ['--job-name=theirs', '--job-nam=theirs', '-J theirs']) {
      const submission = composeTestJob(`#!/bin/sh\n#SBATCH ${directive}\ntrue\n`, { hold: true })
      expect(await scheduler.submit(submission)).toMatchObject({ kind: 'accepted' })
      expect(await listed('%j', submission.jobName), directive).toBe(submission.jobName)
    }
  })
})
