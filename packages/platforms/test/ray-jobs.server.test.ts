import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { RefusedError } from '@lautta/core/errors'
import { composeEntrypoint } from '@lautta/core/ray/entrypoint'
import { rayJobSchema } from '@lautta/core/ray/ray-job'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { processesNaming } from '../../../test/servers/processes.ts'
import { type RayServer, rayCommands, startRay } from '../../../test/servers/ray.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { until } from '../../../test/support/until.ts'
import { openRayCluster } from '../src/ray/open-ray-cluster.ts'
import type { RayApi } from '../src/ray/ray-api.ts'
import { createRayLogs, rayLogPath } from '../src/ray/ray-logs.ts'
import { createRayScheduler } from '../src/ray/ray-scheduler.ts'
import type { RecordedEnding, Scheduler } from '../src/scheduler.ts'
import { composeRayJob, openTestRay, submitRayJob } from './open-test-ray.ts'
import { itTellsOfJobs } from './scheduler-jobs.ts'

describe.skipIf(!requireCommands(rayCommands))('Ray jobs on a real Ray', { concurrent: true }, () => {
  let ray: RayServer
  let api: RayApi
  let scheduler: Scheduler

  beforeAll(async () => {
    ray = await startRay({ cpus: 4, environment: { RAY_max_grpc_message_size: '20000000' } })
    api = openTestRay(ray)
    scheduler = createRayScheduler(api)
  })

  afterAll(async () => {
    await api?.close()
    await ray?.stop()
  })

  const waitForEnd = async (submission: { submissionId: string; token: string }): Promise<RecordedEnding> => {
    const asked = { slurmJobId: submission.submissionId, token: submission.token, orderedAt: new Date(), acceptedAt: null }
    const ended = await until(async () => (await scheduler.findEndings([asked]))[0] ?? null, 200)
    if ('tasks' in ended) throw new Error('a Ray job is no array')
    return ended
  }
  const readLog = async (submissionId: string, offset = 0): Promise<string> => {
    const logs = createRayLogs(api)
    const path = rayLogPath(submissionId)
    const usedBytes = ((await logs.look([path])).get(path)?.usedBytes ?? 0) - offset
    const pieces: Buffer[] = []
    for await (const { bytes } of logs.read([{ path, offset, usedBytes }], 1000)) pieces.push(bytes)
    return Buffer.concat(pieces).toString('utf8')
  }
  const upload = async (files: Record<string, string>): Promise<string> => {
    const name = `_ray_pkg_${randomBytes(8).toString('hex')}.zip`
    const texts = Object.entries(files).map(([path, text]) => [path, strToU8(text)] as const)
    await openRayCluster(api).putPackage(name, zipSync(Object.fromEntries(texts)))
    return `gcs://${name}`
  }

  itTellsOfJobs({
    scheduler: () => scheduler,
    compose(command) {
      const submission = composeRayJob(command)
      return { right: submission, jobName: submission.jobName, submit: () => openRayCluster(api).submit(submission) }
    }
  })

  it('runs a command in its directory, with its variables', async () => {
    const workingDirectory = await upload({
      'greet.py': 'import os\nprint(os.environ["GREETING"], open("data/x").read())',
      'data/x': 'ö'
    })
    // What looks like a variable Ray itself replaces.
    const greeting = `it's "quoted" \`id\`; é\n\ttwo`
    const submission = composeRayJob('python greet.py', { workingDirectory, envVars: { GREETING: greeting } })
    await submitRayJob(api, submission)
    expect(await waitForEnd(submission)).toMatchObject({ outcome: 'completed', exitCode: 0, reason: null })
    expect(await readLog(submission.submissionId)).toContain(`${greeting} ö\n`)
  })

  it.each([{ size: 10 }, { size: 110_000 }])(
    'gives a file its parameters as one argument: $size characters',
    async ({ size }) => {
      const parameters = { text: `it's "quoted" $HOME \`id\` \\ ${'ä☃'.repeat(size / 10)}`, list: [1, null, { deep: '\n' }] }
      const { command, parametersFile } = composeEntrypoint(rayJobSchema.parse({ file: 'main file.py', parameters }))
      const code = 'import hashlib, sys\nprint(len(sys.argv), hashlib.sha256(sys.argv[1].encode()).hexdigest())'
      const files = { 'main file.py': code, ...(parametersFile === null ? {} : { '.lautta-parameters.json': parametersFile }) }
      const submission = composeRayJob(command, { workingDirectory: await upload(files) })
      await submitRayJob(api, submission)
      expect(await waitForEnd(submission)).toMatchObject({ outcome: 'completed' })
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(parameters)))
      expect(await readLog(submission.submissionId)).toContain(`2 ${Buffer.from(digest).toString('hex')}\n`)
    }
  )

  it('takes a submission that is repeated once, and tells whose the id is when it is not ours', async () => {
    const submission = composeRayJob('echo once')
    const { submit } = openRayCluster(api)
    const answers = await Promise.all([submit(submission), submit(submission)])
    const accepted = {
      kind: 'accepted',
      slurmJobId: submission.submissionId,
      outPath: `ray:${submission.submissionId}`,
      errPath: null
    }
    expect([...answers, await submit({ ...submission, try: 2 })]).toEqual([accepted, accepted, accepted])
    const other = composeRayJob('echo other', { submissionId: submission.submissionId })
    const words = `another Ray job has the submission id ${submission.submissionId}`
    expect(await submit(other)).toEqual({ kind: 'refused', reason: words })
    await waitForEnd(submission)
    // The command itself is in the log, too.
    expect((await readLog(submission.submissionId)).split('once\n')).toHaveLength(3)
  })

  it('is found by its right, and what never was is closed', async () => {
    const submission = composeRayJob('true', { submissionId: `own-id-${randomBytes(4).toString('hex')}` })
    const since = new Date()
    expect(await scheduler.readRight(submission)).toEqual({ kind: 'taken', hasAnswered: false })
    expect(await scheduler.findSubmission(submission, since)).toEqual({ kind: 'closed' })
    const slurmJobId = await submitRayJob(api, submission)
    const found = { kind: 'found', slurmJobId, outPath: `ray:${slurmJobId}`, errPath: null, others: [] }
    expect(await scheduler.readRight(submission)).toEqual(found)
    expect(await scheduler.findSubmission(submission, since)).toEqual(found)
  })

  it('is listed with its name while it runs, and stopped with everything that it started', async () => {
    const unique = `300.${Date.now()}`
    const submission = composeRayJob(`sleep ${unique} & sleep 300`)
    const slurmJobId = await submitRayJob(api, submission)
    const listed = await until(async () => {
      const seen = (await scheduler.listJobs()).get(slurmJobId)
      return seen?.phase === 'running' ? seen : null
    }, 200)
    expect(listed).toMatchObject({ jobName: submission.jobName, reason: null })
    expect(Date.parse(listed.startedAt ?? '')).toBeGreaterThan(0)
    expect(processesNaming(unique)).not.toEqual([])
    await scheduler.cancel(slurmJobId)
    expect(await waitForEnd(submission)).toMatchObject({ outcome: 'cancelled', exitCode: null, reason: 'STOPPED' })
    expect(processesNaming(unique)).toEqual([])
    expect((await scheduler.listJobs()).has(slurmJobId)).toBe(false)
    await scheduler.cancel('never-submitted')
  })

  it('waits for what it wants kept free, and says so', async () => {
    const submission = composeRayJob('true', { resources: { custom: { unicorn: 1 } } })
    const slurmJobId = await submitRayJob(api, submission)
    expect((await scheduler.listJobs()).get(slurmJobId)).toMatchObject({
      phase: 'pending',
      reason: expect.stringContaining('waiting for resources'),
      startedAt: null
    })
    const empty = { usedBytes: 0, inode: null, modified: null }
    expect(await createRayLogs(api).look([rayLogPath(slurmJobId)])).toEqual(new Map([[rayLogPath(slurmJobId), empty]]))
  })

  it.each([
    { entrypoint: 'echo the reason; exit 3', exitCode: 3, reason: 'FAILED, exit code 3: the reason' },
    { entrypoint: 'kill -SEGV $$', exitCode: null, reason: 'FAILED, signal 11' },
    { entrypoint: 'no-such-program', exitCode: 127, reason: expect.stringMatching(/^FAILED, exit code 127: .*not found$/) }
  ])('tells why its command failed: $entrypoint', async ({ entrypoint, exitCode, reason }) => {
    const submission = composeRayJob(entrypoint)
    await submitRayJob(api, submission)
    expect(await waitForEnd(submission)).toMatchObject({ outcome: 'failed', exitCode, reason })
  })

  it('counts as lost with its node when the process of Ray beside it dies', async () => {
    const submission = composeRayJob('kill -9 $PPID; sleep 300')
    await submitRayJob(api, submission)
    const { outcome, reason } = await waitForEnd(submission)
    expect([outcome, reason]).toEqual(['node-failed', expect.stringMatching(/^FAILED: The actor is dead because /)])
  })

  it("tells in pip's words which package does not install, also in its log", async () => {
    const submission = composeRayJob('true', { packages: ['no-such-package-of-lautta'] })
    await submitRayJob(api, submission)
    const { outcome, reason, startedAt } = await waitForEnd(submission)
    expect({ outcome, startedAt }).toEqual({ outcome: 'failed', startedAt: null })
    expect(reason).toMatch(/^FAILED: ERROR: .*no-such-package-of-lautta/)
    expect(await readLog(submission.submissionId)).toContain('no-such-package-of-lautta')
  })

  it('tells that its directory is gone', async () => {
    const submission = composeRayJob('true', { workingDirectory: 'gcs://_ray_pkg_gone.zip' })
    await submitRayJob(api, submission)
    expect((await waitForEnd(submission)).reason).toMatch(/^FAILED: Failed to download runtime_env file package/)
  })

  it('refuses a package that is too large for the dashboard, or for the cluster', async () => {
    const cluster = openRayCluster(api)
    const refusal = (usedBytes: number) =>
      cluster.putPackage('_ray_pkg_large.zip', Buffer.alloc(usedBytes)).catch((error) => error)
    const ofCluster = await refusal(20_000_001)
    expect(ofCluster).toBeInstanceOf(RefusedError)
    expect(ofCluster).toMatchObject({
      message: expect.stringMatching(/exceeds the maximum size/),
      hint: expect.stringMatching(/less/)
    })
    const ofDashboard = await refusal(101 * 1024 * 1024)
    expect(ofDashboard).toBeInstanceOf(RefusedError)
    expect(ofDashboard.message).toMatch(/Maximum request body size 104857600 exceeded/)
    expect(await cluster.hasPackage('_ray_pkg_large.zip')).toBe(false)
  })

  it('says whether a package is there', async () => {
    const cluster = openRayCluster(api)
    expect(await cluster.hasPackage('_ray_pkg_small.zip')).toBe(false)
    await cluster.putPackage('_ray_pkg_small.zip', zipSync({ x: strToU8('x') }))
    expect(await cluster.hasPackage('_ray_pkg_small.zip')).toBe(true)
  })

  it('is read while it prints, byte for byte, from any offset on', async () => {
    const submission = composeRayJob(`printf 'first \\377'; until [ -e ${ray.folder}/go ]; do sleep 0.1; done; printf last`)
    await submitRayJob(api, submission)
    const logs = createRayLogs(api)
    const path = rayLogPath(submission.submissionId)
    const read = async (offset: number, usedBytes: number) => {
      const pieces: Buffer[] = []
      for await (const { bytes } of logs.read([{ path, offset, usedBytes }], 7)) pieces.push(bytes)
      return Buffer.concat(pieces)
    }
    const measure = async () => (await logs.look([path])).get(path)?.usedBytes ?? 0
    const marker = Buffer.from([...Buffer.from('first '), 0xff])
    const before = await until(async () => {
      const bytes = await read(0, await measure())
      return bytes.includes(marker) ? bytes : null
    }, 100)
    await writeFile(`${ray.folder}/go`, '')
    await waitForEnd(submission)
    const whole = await read(0, await measure())
    expect(whole.subarray(0, before.length).equals(before)).toBe(true)
    expect((await read(whole.length - 4, 4)).toString()).toBe('last')
    await expect(read(whole.length - 4, 5)).rejects.toThrow('became shorter')
    expect((await logs.look(['ray:never-submitted', '/not/rays'])).size).toBe(0)
  })

  it('is accounted for with its times and its state', async () => {
    const submission = composeRayJob('exit 4')
    await submitRayJob(api, submission)
    await waitForEnd(submission)
    const asked = { slurmJobId: submission.submissionId, token: submission.token, orderedAt: new Date(), acceptedAt: null }
    const [record] = (await scheduler.collectAccounting(asked)).records
    expect(record).toMatchObject({ jobId: submission.submissionId, jobName: submission.jobName, state: 'FAILED', exitCode: 4 })
    expect(record?.endedAtEpoch).toBeGreaterThanOrEqual(record?.startedAtEpoch ?? Number.POSITIVE_INFINITY)
    expect(await scheduler.collectAccounting({ ...asked, token: 'another' })).toEqual({ records: [], unreadable: [] })
    // One that the cluster took, and knows no more.
    const forgotten = await scheduler.collectAccounting({ ...asked, token: 'another', acceptedAt: new Date(5000) })
    expect(forgotten.records).toMatchObject([{ jobId: submission.submissionId, state: 'NODE_FAIL', endedAtEpoch: 5 }])
    expect(await scheduler.findEndings([{ ...asked, token: 'another' }])).toEqual([undefined])
  })

  it('is forgotten when it is deleted, once it has ended', async () => {
    const submission = composeRayJob('sleep 300')
    await submitRayJob(api, submission)
    await expect(api.remove(submission.submissionId)).rejects.toThrow(/non-terminal state/)
    await scheduler.cancel(submission.submissionId)
    await waitForEnd(submission)
    await api.remove(submission.submissionId)
    expect(await api.findRayJob(submission.submissionId)).toBeNull()
  })

  it('knows what a Ray cluster has, and neither batch scripts nor holds', async () => {
    const { rayVersion, pythonVersion, nodes } = await api.describe()
    expect([rayVersion, pythonVersion]).toEqual([expect.stringMatching(/^2\.\d+\.\d+$/), expect.stringMatching(/^3\.\d+\.\d+$/)])
    expect(nodes).toMatchObject([{ isHead: true, isAlive: true, resources: { CPU: 4, object_store_memory: 100_000_000 } }])
    for (const { run } of scheduler.checks(null))
      expect(await run()).toMatch(/^Ray 2\S+ with Python 3\S+ on 1 of 1 nodes, 4 CPUs$/)
    await expect(scheduler.hold('x')).rejects.toThrow('a Ray cluster knows no hold')
    expect(await scheduler.findAccounts()).toBeNull()
  })
})
